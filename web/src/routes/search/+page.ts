import { movies } from '$lib/api/browse';
import { loaded } from '$lib/api/loading';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ url }) => {
  const query = (url.searchParams.get('q') ?? '').trim();
  return { query, films: query === '' ? [] : await loaded(movies({ q: query })) };
};
