/** The best seats that are free, as the server sees them. */
import { refusal } from '../api/problem';
import { send } from '../api/transport';

export interface Wish {
  count: number;
  category: string | undefined;
  wheelchair: boolean;
}

/** Seats for `wish`, or a refusal with `seats_unavailable` when there are not so many. */
export async function bestSeats(show_id: string, wish: Wish): Promise<string[]> {
  const query = new URLSearchParams({ count: String(wish.count) });
  if (wish.category) query.set('category', wish.category);
  if (wish.wheelchair) query.set('wheelchair', 'true');
  const answer = await send(new Request(`/api/v1/shows/${show_id}/best-seats?${query.toString()}`));
  const read: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw refusal(answer, read);
  return (read as { seats: string[] }).seats;
}
