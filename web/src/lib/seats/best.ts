/** The best seats that are free, as the server sees them. */
import { api, body } from '../api/client';

export interface Wish {
  count: number;
  category: string | undefined;
  wheelchair: boolean;
}

/** Seats for `wish`, or a refusal with `seats_unavailable` when there are not so many. */
export async function bestSeats(show_id: string, { count, category, wheelchair }: Wish): Promise<string[]> {
  const query = {
    count,
    ...(category === undefined ? {} : { category }),
    ...(wheelchair ? { wheelchair } : {}),
  };
  const best = await body(
    api.GET('/api/v1/shows/{show_id}/best-seats', { params: { path: { show_id }, query } }),
  );
  return best.seats;
}
