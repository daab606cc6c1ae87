/** The API, typed by the server's own OpenAPI document (`schema.d.ts`, which `npm run client` makes). */
import createClient from 'openapi-fetch';
import { refusal } from './problem';
import type { components, paths } from './schema';
import { send } from './transport';

type Schemas = components['schemas'];
export type Booking = Schemas['BookingView'];
export type Cinema = Schemas['CinemaView'];
export type Dashboard = Schemas['DashboardView'];
export type DeskBooking = Schemas['DeskView'];
export type Grant = Schemas['GrantView'];
export type Lock = Schemas['Lock'];
export type Money = Schemas['Money'];
export type MovieCard = Schemas['MovieCard'];
export type Movie = Schemas['MovieView'];
export type SeatMap = Schemas['SeatMap'];
export type Show = Schemas['ShowView'];
export type User = Schemas['UserView'];

export const api = createClient<paths>({ baseUrl: '/', fetch: send });

/** The body of a 2xx answer; anything else is thrown as an {@link ApiError}. */
export async function body<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw refusal(response, error);
  return data as T;
}

/** Every item of a list, page after page, up to `PAGES_MAX`. */
export async function all<T>(
  page: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string | null }>,
): Promise<T[]> {
  const PAGES_MAX = 20;
  const items: T[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const answer = await page(cursor);
    items.push(...answer.items);
    if (!answer.next_cursor) break;
    cursor = answer.next_cursor;
  }
  return items;
}

export const PAGE_ITEMS_MAX = 100;
