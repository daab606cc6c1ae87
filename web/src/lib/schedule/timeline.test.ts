import { expect, it } from 'vitest';
import { clashes, firstFree, HOUR, hoursOf, MINUTE, movedTo, neighbour, snap, windowOf } from './timeline';

const MIDNIGHT = Date.parse('2026-11-25T18:30:00Z');
const slot = (id: string, from: number, minutes: number, screen = '1') => {
  const start = MIDNIGHT + from * HOUR;
  return { id, screen, start, end: start + minutes * MINUTE };
};
const ids = (slots: { id: string }[]) => slots.map(({ id }) => id);
const GAP = 15 * MINUTE;

it('lets a show start the minute that cleaning is done, and no sooner', () => {
  const first = slot('a', 10, 120);
  const after = (minutes: number) => ids(clashes(slot('b', 12 + minutes / 60, 60), [first], GAP));
  expect([after(14), after(15)]).toEqual([['a'], []]);
  const before = (minutes: number) => ids(clashes(slot('b', 9 - minutes / 60, 60), [first], GAP));
  expect([before(14), before(15)]).toEqual([['a'], []]);
});

it('finds no clash with itself or on another screen', () => {
  const show = slot('a', 10, 120);
  expect(clashes(movedTo(show, show.start + HOUR), [show, slot('b', 10, 120, '2')], GAP)).toEqual([]);
});

it('keeps the length of what is moved', () => {
  const moved = movedTo(slot('a', 10, 95), MIDNIGHT);
  expect(moved.end - moved.start).toBe(95 * MINUTE);
});

it('starts shows on five minutes, as the wall has them', () => {
  expect(snap(MIDNIGHT + 10 * HOUR + 2.4 * MINUTE, MIDNIGHT)).toBe(MIDNIGHT + 10 * HOUR);
  expect(snap(MIDNIGHT + 10 * HOUR + 2.6 * MINUTE, MIDNIGHT)).toBe(MIDNIGHT + 10 * HOUR + 5 * MINUTE);
});

it('finds the first time that is free, past all that stands in the way', () => {
  const slots = [slot('a', 10, 120), slot('b', 12.25, 60), slot('c', 14, 60), slot('d', 10, 600, '2')];
  const free = (from: number, minutes: number) =>
    (firstFree('1', MIDNIGHT + from * HOUR, minutes * MINUTE, slots, GAP, MIDNIGHT) - MIDNIGHT) / HOUR;
  expect(free(8, 100)).toBe(8);
  expect(free(8, 120)).toBe(15.25);
  expect(free(13, 15)).toBe(13.5);
  expect(free(20, 300)).toBe(20);
});

it('shows the hours of business, and whatever starts outside of them', () => {
  const hours = (...slots: ReturnType<typeof slot>[]) => {
    const { from, to } = windowOf(MIDNIGHT, slots, MIDNIGHT + 24 * HOUR);
    return [(from - MIDNIGHT) / HOUR, (to - MIDNIGHT) / HOUR];
  };
  expect(hours()).toEqual([9, 25]);
  expect(hours(slot('a', 6.5, 60), slot('b', 23.5, 180))).toEqual([6, 27]);
  // What started yesterday ends in the night, and is yesterday's.
  expect(hours(slot('a', -1, 180), slot('b', 24.5, 180))).toEqual([9, 25]);
  expect(hours(slot('a', 23.5, 1000))).toEqual([9, 30]);
  expect(hoursOf({ from: MIDNIGHT, to: MIDNIGHT + 3 * HOUR })).toHaveLength(4);
});

it('walks along a screen, then on to the next', () => {
  const slots = [slot('c', 9, 60, '2'), slot('b', 20, 60), slot('a', 10, 60)];
  const walk = (from: string, step: 1 | -1) => neighbour(slots, ['1', '2'], from, step);
  expect([walk('a', 1), walk('b', 1), walk('c', 1)]).toEqual(['b', 'c', 'c']);
  expect([walk('c', -1), walk('a', -1)]).toEqual(['b', 'a']);
});
