import { dates } from './formats';

/** Days as a cinema counts them: its own, not the reader's and not UTC's. */

/** The date in `timeZone` at `instant`, as `YYYY-MM-DD`. */
export function dateIn(timeZone: string | undefined, instant: Date = new Date()): string {
  const parts = dates('en-CA', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  return parts.format(instant);
}

/** The date `days` after `date`. */
export function dateAfter(date: string, days: number): string {
  const day = new Date(`${date}T12:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

/** `count` dates from `first`. */
export function daysFrom(first: string, count: number): string[] {
  return Array.from({ length: count }, (_, days) => dateAfter(first, days));
}
