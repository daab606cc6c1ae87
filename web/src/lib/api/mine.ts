/** What belongs to whoever is signed in. */
import { redirect } from '@sveltejs/kit';
import { api, body, type Booking } from './client';
import { loaded } from './loading';
import { ApiError } from './problem';
import { session } from './session.svelte';

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
