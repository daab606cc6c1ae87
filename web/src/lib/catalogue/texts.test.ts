import { expect, it } from 'vitest';
import { degreesIn, labelsIn, linesIn, wholeIn } from './texts';

it('labels stand between commas, each once', () => {
  expect(labelsIn(' Drama, sci-fi ,, drama,')).toEqual(['Drama', 'sci-fi']);
  expect(labelsIn('  ')).toEqual([]);
});

it('names stand on lines', () => {
  expect(linesIn('Ada\r\n\n  Grace, the second \n')).toEqual(['Ada', 'Grace, the second']);
});

it('numbers are whole and within their limit', () => {
  expect(['0', ' 12 ', '13', '-1', '1.5', '', '1e1'].map((text) => wholeIn(text, 12))).toEqual([
    0,
    12,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

it('degrees are on earth', () => {
  expect(['-90', '19.076', '90.1', '+7', 'north', ''].map((text) => degreesIn(text, 90))).toEqual([
    -90,
    19.076,
    undefined,
    7,
    undefined,
    undefined,
  ]);
});
