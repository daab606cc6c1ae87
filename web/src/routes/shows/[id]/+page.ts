import { cinema, movie, show } from '$lib/api/browse';
import { api, body } from '$lib/api/client';
import { loaded } from '$lib/api/loading';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ params }) => {
  const path = { show_id: params.id };
  const [facts, map] = await loaded(
    Promise.all([show(params.id), body(api.GET('/api/v1/shows/{show_id}/seats', { params: { path } }))]),
  );
  const [film, house] = await loaded(Promise.all([movie(facts.movie_id), cinema(facts.cinema_id)]));
  return { show: facts, map, film, cinema: house };
};
