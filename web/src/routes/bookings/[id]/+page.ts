import { cinema, movie, show } from '$lib/api/browse';
import { booking, own } from '$lib/api/mine';
import type { PageLoad } from './$types';

export const load: PageLoad = ({ params, url, depends }) => {
  depends('marquee:booking');
  return own(url.pathname, async () => {
    const found = await booking(params.id);
    const facts = await show(found.show_id);
    const [film, house] = await Promise.all([movie(facts.movie_id), cinema(facts.cinema_id)]);
    return { booking: found, show: facts, film, cinema: house };
  });
};
