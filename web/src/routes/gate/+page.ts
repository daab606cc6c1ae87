import { redirect } from '@sveltejs/kit';
import { staffOf } from '$lib/admin/staff';
import { gate } from '$lib/gate/gate.svelte';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ url }) => {
  if (gate.post) redirect(307, '/gate/open');
  return { staff: await staffOf(url) };
};
