/** A timetable as a table for spreadsheets. Pure. */
import { csv } from '../admin/csv';
import type { Schedule } from '../i18n/en/schedule';
import { written } from './amounts';
import type { Planned } from './api';
import { clock, day } from './wall';

/** `shows` by start: when and where each is, how full, and what a seat of each category costs. */
export function csvOf(shows: readonly Planned[], timezone: string, m: Schedule): string {
  const categories = [...new Set(shows.flatMap((show) => Object.keys(show.prices)))].sort();
  const titles = [...m.sheet, ...categories.map(m.form.price)];
  const rows = shows.map((show) => {
    const [start, end] = [Date.parse(show.start_time), Date.parse(show.end_time)];
    return [
      day(start, timezone),
      clock(start, timezone),
      clock(end, timezone),
      show.screen_name,
      show.movie_title,
      show.language,
      show.format,
      m.status[show.status],
      show.seats_total - show.seats_available,
      show.seats_total,
      show.price_from.currency,
      ...categories.map((category) => {
        const price = show.prices[category];
        return price ? Number(written(price.amount, price.currency)) : null;
      }),
    ];
  });
  return csv(titles, rows);
}
