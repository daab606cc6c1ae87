import { cinema, movie, show } from '$lib/api/browse';
import { api, body } from '$lib/api/client';
import { loaded } from '$lib/api/loading';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ params }) => {
  const path = { show_id: params.id };
  const facts = loaded(show(params.id));
  const around = facts.then(({ movie_id, cinema_id }) => Promise.all([movie(movie_id), cinema(cinema_id)]));
  const [map, [film, house]] = await loaded(
    Promise.all([body(api.GET('/api/v1/shows/{show_id}/seats', { params: { path } })), around]),
  );
  return { show: await facts, map, film, cinema: house };
};
