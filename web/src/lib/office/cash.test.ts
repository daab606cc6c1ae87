import { expect, it } from 'vitest';
import { change, likely, readAmount } from './cash';

it('offers what is likely to be handed over, exact first', () => {
  expect(likely(43_000, 'INR')).toEqual([43_000, 45_000, 50_000, 60_000]);
  expect(likely(50_000, 'INR')).toEqual([50_000, 60_000]);
  expect(likely(1_250, 'EUR')).toEqual([1_250, 1_500, 2_000, 5_000, 10_000]);
  expect(likely(1_800, 'JPY')).toEqual([1_800, 2_000, 5_000, 10_000]);
});

it('reads amounts as they are typed', () => {
  for (const [text, amount] of [
    ['500', 50_000],
    ['500.5', 50_050],
    ['499,99', 49_999],
    ['1,000', 100_000],
    ['1 000', 100_000],
    ['1,00,000', 10_000_000],
    ['0', 0],
  ] as const)
    expect(readAmount(text, 'INR'), text).toBe(amount);
  for (const text of ['', 'abc', '-5', '5.', '1.2.3', '5.123.4', '99999999999'])
    expect(readAmount(text, 'INR'), text).toBeUndefined();
  expect(readAmount('1800', 'JPY')).toBe(1_800);
  expect(readAmount('18.50', 'JPY')).toBeUndefined();
});

it('gives back what is too much, and nothing of what is not enough', () => {
  expect(change(43_000, 50_000)).toBe(7_000);
  expect(change(43_000, 43_000)).toBe(0);
  expect(change(43_000, 42_999)).toBeUndefined();
  expect(change(43_000, undefined)).toBeUndefined();
});
