import { expect, it } from 'vitest';
import { minorUnits, written } from './amounts';

it.each([
  ['250', 'INR', 25_000],
  [' 250.5 ', 'INR', 25_050],
  ['250,05', 'INR', 25_005],
  ['0', 'INR', 0],
  ['1200', 'JPY', 1_200],
  ['1.234', 'KWD', 1_234],
  ['1.5', 'JPY', undefined],
  ['1.005', 'INR', undefined],
  ['-1', 'INR', undefined],
  ['', 'INR', undefined],
  ['1e3', 'INR', undefined],
  ['12 000', 'INR', undefined],
])('%j in %s is %s minor units', (text, currency, amount) => {
  expect(minorUnits(text, currency)).toBe(amount);
});

it('is written as it was read', () => {
  for (const [amount, currency, text] of [
    [25_000, 'INR', '250'],
    [25_050, 'INR', '250.50'],
    [1_200, 'JPY', '1200'],
    [0, 'INR', '0'],
  ] as const) {
    expect(written(amount, currency)).toBe(text);
    expect(minorUnits(text, currency)).toBe(amount);
  }
});
