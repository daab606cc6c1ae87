import { describe, expect, test } from 'vitest';
import { grouped, monthAndYear, passesLuhn, TEST_CARDS, tokenOf, wrongWith } from './card';

const today = new Date(2026, 10, 26);
const good = { name: 'Ada', number: '4242 4242 4242 4242', expiry: '11 / 26', code: '123' };
const wrong = (changed: Partial<typeof good>) => wrongWith({ ...good, ...changed }, today);

describe('a card', () => {
  test('that is filled in well has nothing wrong', () => {
    expect(wrong({})).toEqual({});
    expect(wrong({ code: '1234' })).toEqual({});
  });

  test.each([
    [{ number: '' }, { number: 'required' }],
    [{ number: '4242 4242 4242 4241' }, { number: 'number' }],
    [{ number: '4242' }, { number: 'number' }],
    [{ number: '5555 5555 5555 4444' }, { number: 'notATestCard' }],
    [{ expiry: '10 / 26' }, { expiry: 'expired' }],
    [{ expiry: '13 / 30' }, { expiry: 'expiry' }],
    [{ expiry: '00 / 30' }, { expiry: 'expiry' }],
    [{ expiry: '12' }, { expiry: 'expiry' }],
    [{ code: '12' }, { code: 'code' }],
    [{ code: '12a' }, { code: 'code' }],
    [{ name: '  ' }, { name: 'required' }],
  ])('%o is refused', (changed, found) => {
    expect(wrong(changed)).toEqual(found);
  });

  test('of the sandbox has a number that could be one, and a token of its own', () => {
    expect(TEST_CARDS.every(({ number }) => passesLuhn(number))).toBe(true);
    expect(new Set(TEST_CARDS.map(({ number }) => tokenOf(number))).size).toBe(TEST_CARDS.length);
    expect(tokenOf('4000-0000-0000-0002')).toBe('pm_card_visa_chargeDeclined');
    expect(tokenOf('5555 5555 5555 4444')).toBeUndefined();
  });
});

test('what is typed is grouped as on a card', () => {
  expect(grouped('42424242424242424')).toBe('4242 4242 4242 4242 4');
  expect(grouped('4242 4')).toBe('4242 4');
  expect(grouped('')).toBe('');
  expect(monthAndYear('1')).toBe('1');
  expect(monthAndYear('9')).toBe('09 / ');
  expect(monthAndYear('12')).toBe('12 / ');
  expect(monthAndYear('12/34')).toBe('12 / 34');
  expect(monthAndYear('12 /', '12 / ')).toBe('12');
  expect(monthAndYear('1234567')).toBe('12 / 34');
});
