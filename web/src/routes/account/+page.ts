import { api, body } from '$lib/api/client';
import { own } from '$lib/api/mine';
import type { PageLoad } from './$types';

export const load: PageLoad = ({ url }) =>
  own(url.pathname, async () => ({
    user: await body(api.GET('/api/v1/user/{user_id}', { params: { path: { user_id: 'me' } } })),
  }));
