import { api, body, type DeskBooking } from '../api/client';

/** More than these nobody looks through at a till. */
const FOUND_MAX = 20;

/** Bookings of a cinema, the newest first: by reference, mail or name. */
export async function findBookings(q: string, cinema_id: string): Promise<DeskBooking[]> {
  const query = { q, cinema_id, limit: FOUND_MAX };
  return (await body(api.GET('/api/v1/admin/bookings', { params: { query } }))).items;
}
