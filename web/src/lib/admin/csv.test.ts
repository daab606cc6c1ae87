import { expect, it } from 'vitest';
import { cell, csv } from './csv';

it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx'])('%j is text in a spreadsheet, no formula', (text) => {
  expect(cell(text).replaceAll('"', '')).toBe(`'${text}`);
});

it('leaves alone what only looks a little like one', () => {
  expect([cell('a=1'), cell(' =1'), cell(-5), cell(0), cell(true)]).toEqual([
    'a=1',
    ' =1',
    '-5',
    '0',
    'true',
  ]);
});

it('quotes what would end a field, also after the apostrophe', () => {
  expect(cell('Ada "the" Countess, of\nLovelace')).toBe('"Ada ""the"" Countess, of\nLovelace"');
  expect(cell('=HYPERLINK("x","y")')).toBe(`"'=HYPERLINK(""x"",""y"")"`);
});

it('is a table that spreadsheets read: a mark for UTF-8, lines that end in CR and LF', () => {
  expect(
    csv(
      ['नाम', 'n'],
      [
        ['अदा', 1],
        [null, undefined],
      ],
    ),
  ).toBe('\ufeffनाम,n\r\nअदा,1\r\n,\r\n');
});
