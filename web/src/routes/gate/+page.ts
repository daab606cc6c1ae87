import { staffOf } from '$lib/admin/staff';
import type { Staff } from '$lib/admin/roles';
import { gate } from '$lib/gate/gate.svelte';
import { words } from '$lib/i18n/words.svelte';
import type { PageLoad } from './$types';

/** A gate that is open works on, whoever may be reached: it has what it needs with it. */
export const load: PageLoad = async ({ url }): Promise<{ staff: Staff | undefined }> => {
  await words.start().catch(() => undefined);
  if (!gate.post) return { staff: await staffOf(url) };
  return { staff: await staffOf(url).catch(() => undefined) };
};
