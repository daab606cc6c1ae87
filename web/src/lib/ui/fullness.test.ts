import { expect, it } from 'vitest';
import type { Show } from '../api/client';
import { fullness } from './fullness';

const show = (seats_available: number, status: Show['status'] = 'on_sale') =>
  ({ seats_total: 200, seats_available, status }) as Show;

it.each([
  [200, 'plenty'],
  [99, 'filling'],
  [12, 'few'],
  [0, 'none'],
] as const)('%d of 200 seats is %s', (available, words) => {
  expect(fullness(show(available))).toBe(words);
});

it('says first that a show is over or off', () => {
  expect(fullness(show(200, 'cancelled'))).toBe('cancelled');
  expect(fullness(show(0, 'started'))).toBe('started');
});
