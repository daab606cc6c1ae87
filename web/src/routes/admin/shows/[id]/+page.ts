import { cinema, show } from '$lib/api/browse';
import { api, body } from '$lib/api/client';
import { loaded } from '$lib/api/loading';
import { blocked } from '$lib/schedule/api';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ params, parent }) => {
  const path = { show_id: params.id };
  const [facts, map, kept] = await loaded(
    Promise.all([
      show(params.id),
      body(api.GET('/api/v1/shows/{show_id}/seats', { params: { path } })),
      parent().then(() => blocked(params.id)),
    ]),
  );
  const house = await loaded(cinema(facts.cinema_id));
  return { show: facts, map, blocked: kept, cinema: house };
};
