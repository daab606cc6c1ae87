import { cinemas, movies, show } from '$lib/api/browse';
import type { Booking } from '$lib/api/client';
import { bookings, own } from '$lib/api/mine';
import type { PageLoad } from './$types';

export const load: PageLoad = ({ url }) =>
  own(url.pathname, async () => {
    const [first, houses, films] = await Promise.all([bookings(), cinemas(), movies({})]);
    return { first, houses, films, shows: await showsOf(first.items) };
  });

async function showsOf(items: Booking[]) {
  const ids = [...new Set(items.map((booking) => booking.show_id))];
  const found = await Promise.all(ids.map((id) => show(id).catch(() => undefined)));
  return found.filter((each) => each !== undefined);
}
