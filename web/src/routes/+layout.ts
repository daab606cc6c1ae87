import { i18n } from '$lib/i18n/i18n.svelte';
import type { LayoutLoad } from './$types';

/** The server knows nothing of the pages: it serves files, and the API. */
export const ssr = false;
export const prerender = false;

export const load: LayoutLoad = async () => {
  await i18n.start();
};
