import { redirect } from '@sveltejs/kit';
import { gate } from '$lib/gate/gate.svelte';
import { words } from '$lib/i18n/words.svelte';
import type { PageLoad } from './$types';

/** Nothing is asked of the server: a gate has with it what it needs. */
export const load: PageLoad = async () => {
  if (!gate.post) redirect(307, '/gate');
  // Better in English than not at all.
  await words.start().catch(() => undefined);
};
