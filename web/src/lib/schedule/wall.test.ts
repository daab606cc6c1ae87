import { expect, it } from 'vitest';
import { clock, day, instantOf, startOf } from './wall';

const at = (date: string, time: string, zone: string) => new Date(instantOf(date, time, zone)).toISOString();

it('finds the instant of a time on the wall', () => {
  expect(at('2026-11-26', '18:30', 'Asia/Kolkata')).toBe('2026-11-26T13:00:00.000Z');
  expect(at('2026-11-26', '00:10', 'Asia/Kolkata')).toBe('2026-11-25T18:40:00.000Z');
  expect(at('2026-07-01', '20:00', 'America/New_York')).toBe('2026-07-02T00:00:00.000Z');
  expect(at('2026-12-01', '20:00', 'Pacific/Kiritimati')).toBe('2026-12-01T06:00:00.000Z');
});

it('goes with the clocks when they are changed', () => {
  // In New York they go forward at two on 8 March, and back at two on 1 November.
  expect(at('2026-03-08', '01:59', 'America/New_York')).toBe('2026-03-08T06:59:00.000Z');
  expect(at('2026-03-08', '02:30', 'America/New_York')).toBe('2026-03-08T07:30:00.000Z');
  expect(at('2026-03-08', '03:00', 'America/New_York')).toBe('2026-03-08T07:00:00.000Z');
  expect(at('2026-11-01', '01:30', 'America/New_York')).toBe('2026-11-01T05:30:00.000Z');
  const day = startOf('2026-11-02', 'America/New_York') - startOf('2026-11-01', 'America/New_York');
  expect(day).toBe(25 * 3_600_000);
});

it.each(['Asia/Kolkata', 'America/New_York', 'Europe/London', 'Asia/Kathmandu'])(
  'shows in %s what was asked for',
  (zone) => {
    for (let hour = 0; hour < 24; hour++) {
      const time = `${String(hour).padStart(2, '0')}:35`;
      const instant = instantOf('2026-06-15', time, zone);
      expect([day(instant, zone), clock(instant, zone)]).toEqual(['2026-06-15', time]);
    }
  },
);
