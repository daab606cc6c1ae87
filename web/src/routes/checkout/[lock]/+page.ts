import { redirect } from '@sveltejs/kit';
import { cinema, movie, show } from '$lib/api/browse';
import { loaded } from '$lib/api/loading';
import { ApiError } from '$lib/api/problem';
import { session } from '$lib/api/session.svelte';
import { hold } from '$lib/hold/hold.svelte';
import type { PageLoad } from './$types';

/** The hold, or nothing when it is over. */
async function lockOf(lock_id: string, path: string) {
  try {
    return await hold.read(lock_id);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401)
      redirect(307, `/sign-in?next=${encodeURIComponent(path)}`);
    if (error instanceof ApiError && (error.status === 404 || error.status === 410)) return undefined;
    throw error;
  }
}

export const load: PageLoad = async ({ params, url }) => {
  if (!session.person) redirect(307, `/sign-in?next=${encodeURIComponent(url.pathname)}`);
  const lock = await loaded(lockOf(params.lock, url.pathname));
  if (!lock) return { lock_id: params.lock, sale: undefined };
  const facts = await loaded(show(lock.show_id));
  const [film, house] = await loaded(Promise.all([movie(facts.movie_id), cinema(facts.cinema_id)]));
  return { lock_id: params.lock, sale: { lock, show: facts, film, cinema: house } };
};
