/** Bookings of the cinemas somebody serves: by reference, mail or name. */
import type { Money } from '../api/client';
import { refusal } from '../api/problem';
import { send } from '../api/transport';

export interface Found {
  booking_id: string;
  reference: string;
  status: 'pending' | 'confirmed' | 'failed' | 'cancelled';
  name: string;
  email: string;
  movie_title: string;
  start_time: string;
  seats: string[];
  total_price: Money;
}

export async function findBookings(q: string, cinema_id: string): Promise<Found[]> {
  const query = new URLSearchParams({ q, cinema_id, limit: '20' });
  const answer = await send(new Request(`/api/v1/admin/bookings?${query}`));
  const read: unknown = await answer.json().catch(() => undefined);
  if (!answer.ok) throw refusal(answer, read);
  return (read as { items: Found[] }).items;
}
