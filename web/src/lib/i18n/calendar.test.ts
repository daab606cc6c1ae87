import { expect, it } from 'vitest';
import { dateAfter, dateIn, daysFrom } from './calendar';

it("counts days as the cinema's wall does", () => {
  const instant = new Date('2026-11-26T20:00:00Z');
  expect(dateIn('Asia/Kolkata', instant)).toBe('2026-11-27');
  expect(dateIn('America/New_York', instant)).toBe('2026-11-26');
});

it('goes over the ends of months, and over the hour that a summer ends with', () => {
  expect(dateAfter('2026-02-28', 1)).toBe('2026-03-01');
  expect(daysFrom('2026-10-24', 3)).toEqual(['2026-10-24', '2026-10-25', '2026-10-26']);
});
