/** Times as a cinema's wall shows them, and the instants they stand for. Pure. */
import { dateIn } from '../i18n/calendar';
import { dates } from '../i18n/formats';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** How far the wall of `timeZone` is ahead of UTC at `instant`, in milliseconds. */
function ahead(instant: number, timeZone: string): number {
  const whole = Math.floor(instant / 1000) * 1000;
  return Date.parse(`${dateIn(timeZone, new Date(whole))}T${clock(whole, timeZone)}:00Z`) - floor(whole);
}

/** Whole minutes: no zone of today is off by seconds. */
function floor(instant: number): number {
  return Math.floor(instant / MINUTE) * MINUTE;
}

/** The time of day at `instant`, as `HH:MM`. */
export function clock(instant: number, timeZone: string): string {
  return dates('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone }).format(instant);
}

/** The date at `instant`, as `YYYY-MM-DD`. */
export function day(instant: number, timeZone: string): string {
  return dateIn(timeZone, new Date(instant));
}

/**
 * The instant at which the wall of `timeZone` shows that date and time. A time that the clocks leave out is as much later as they go
 * forward; of a time that comes twice it is the first: as the server has it.
 */
export function instantOf(date: string, time: string, timeZone: string): number {
  const wall = Date.parse(`${date}T${time}:00Z`);
  const [before, after] = [ahead(wall - DAY, timeZone), ahead(wall + DAY, timeZone)];
  const shows = (instant: number) => instant + ahead(instant, timeZone) === wall;
  const found = [wall - before, wall - after].filter(shows);
  return found.length > 0 ? Math.min(...found) : wall - before;
}

/** Midnight at which `date` begins. */
export function startOf(date: string, timeZone: string): number {
  return instantOf(date, '00:00', timeZone);
}
