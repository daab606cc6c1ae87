import { cinema } from '$lib/api/browse';
import { api, body } from '$lib/api/client';
import { loaded } from '$lib/api/loading';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ params, parent }) => {
  // Whoever has to sign in does that first.
  await parent();
  const path = { screen_id: params.id };
  const screen = await loaded(body(api.GET('/api/v1/admin/screens/{screen_id}', { params: { path } })));
  return { screen, cinema: await loaded(cinema(screen.cinema_id)) };
};
