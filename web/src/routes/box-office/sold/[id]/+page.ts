import { cinema, show } from '$lib/api/browse';
import { loaded } from '$lib/api/loading';
import { booking } from '$lib/api/mine';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ params, depends }) => {
  depends('marquee:sold');
  const found = await loaded(booking(params.id));
  const facts = await loaded(show(found.show_id));
  return { booking: found, show: facts, house: await loaded(cinema(facts.cinema_id)) };
};
