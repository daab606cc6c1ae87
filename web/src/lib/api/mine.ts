/** What belongs to whoever is signed in. */
import { redirect } from '@sveltejs/kit';
import { api, body, type Booking } from './client';
import { loaded } from './loading';
import { ApiError, refusal } from './problem';
import { session } from './session.svelte';
import { send } from './transport';

/** Has `answer`, or sends whoever is not signed in to do so and come back to `path`. */
export async function own<T>(path: string, answer: () => Promise<T>): Promise<T> {
  const signIn = () => redirect(307, `/sign-in?next=${encodeURIComponent(path)}`);
  if (!session.person) signIn();
  return loaded(
    answer().catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 401) signIn();
      throw error;
    }),
  );
}

export function booking(booking_id: string): Promise<Booking> {
  return body(api.GET('/api/v1/booking/{booking_id}', { params: { path: { booking_id } } }));
}

export function bookings(cursor?: string) {
  const query = cursor === undefined ? { limit: 20 } : { limit: 20, cursor };
  return body(api.GET('/api/v1/user/{user_id}/bookings', { params: { path: { user_id: 'me' }, query } }));
}

/** What is asked of a path that has no body, or a JSON one. */
export async function ask<T>(method: string, path: string, data?: unknown): Promise<T> {
  const answer = await send(
    new Request(path, {
      method,
      ...(data === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(data) }),
    }),
  );
  const read: unknown = answer.status === 204 ? undefined : await answer.json().catch(() => undefined);
  if (!answer.ok) throw refusal(answer, read);
  return read as T;
}
