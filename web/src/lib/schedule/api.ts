/** The calls of scheduling. */
import { all, api, body, PAGE_ITEMS_MAX } from '../api/client';
import type { components } from '../api/schema';
import { dateAfter } from '../i18n/calendar';
import type { Slot } from './timeline';

type Schemas = components['schemas'];
export type Planned = Schemas['PlannedShow'];
export type Scheduling = Schemas['SchedulingView'];
export type Screen = Scheduling['screens'][number];
export type Prices = Planned['prices'];
export type CopyView = Schemas['CopyView'];
export type Copied = CopyView['shows'][number];
export type CopyShows = Schemas['CopyShows'];
export type Cancellation = Schemas['ShowCancellationView'];
export type BlockedSeat = Schemas['BlockedSeat'];
export type BlockReason = Schemas['BlockReason'];

export function scheduling(cinema_id: string): Promise<Scheduling> {
  return body(api.GET('/api/v1/admin/cinemas/{cinema_id}/scheduling', { params: { path: { cinema_id } } }));
}

/** All shows of a cinema's days from `from` to `to`. */
export function timetable(cinema_id: string, from: string, to: string): Promise<Planned[]> {
  return all((cursor) => {
    const query = { cinema_id, from, to, limit: PAGE_ITEMS_MAX, ...(cursor === undefined ? {} : { cursor }) };
    return body(api.GET('/api/v1/admin/shows', { params: { query } }));
  });
}

/** The shows of a day, and those of the days beside it, which reach into it. */
export function around(cinema_id: string, date: string): Promise<Planned[]> {
  return timetable(cinema_id, dateAfter(date, -1), dateAfter(date, 1));
}

export interface Terms {
  start_time: string;
  language: string | null;
  format: string | null;
  prices: Prices;
}

export function schedule(movie_id: string, screen_id: string, terms: Terms) {
  return body(api.POST('/api/v1/admin/shows', { body: { movie_id, screen_id, ...terms } }));
}

export function change(show_id: string, terms: Partial<Terms>) {
  const params = { path: { show_id } };
  return body(api.PATCH('/api/v1/admin/shows/{show_id}', { params, body: terms }));
}

export function cancellation(show_id: string): Promise<Cancellation> {
  return body(api.GET('/api/v1/admin/shows/{show_id}/cancellation', { params: { path: { show_id } } }));
}

export function cancel(show_id: string) {
  return body(api.DELETE('/api/v1/admin/shows/{show_id}', { params: { path: { show_id } } }));
}

export function copy(cinema_id: string, order: CopyShows): Promise<CopyView> {
  const params = { path: { cinema_id } };
  return body(api.POST('/api/v1/admin/cinemas/{cinema_id}/shows/copy', { params, body: order }));
}

export function blocked(show_id: string): Promise<BlockedSeat[]> {
  return all((cursor) => {
    const query = { limit: PAGE_ITEMS_MAX, ...(cursor === undefined ? {} : { cursor }) };
    return body(
      api.GET('/api/v1/admin/shows/{show_id}/blocked-seats', { params: { path: { show_id }, query } }),
    );
  });
}

export function block(show_id: string, seats: string[], reason: BlockReason, note: string) {
  const params = { path: { show_id } };
  const order = { seats, reason, ...(note.trim() ? { note } : {}) };
  return body(api.POST('/api/v1/admin/shows/{show_id}/blocked-seats', { params, body: order }));
}

export function release(show_id: string, seats: string[]) {
  const params = { path: { show_id } };
  return body(api.POST('/api/v1/admin/shows/{show_id}/blocked-seats/release', { params, body: { seats } }));
}

/** The time that a show takes. */
export function slotOf(show: Planned): Slot {
  return {
    id: show.show_id,
    screen: show.screen_id,
    start: Date.parse(show.start_time),
    end: Date.parse(show.end_time),
  };
}

/** Whether anything of a show can still be changed. */
export function isToCome(show: Planned): boolean {
  return show.status === 'on_sale' || show.status === 'closed';
}
