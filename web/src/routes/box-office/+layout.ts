import { staffOf } from '$lib/admin/staff';
import type { LayoutLoad } from './$types';

export const load: LayoutLoad = async ({ url, untrack }) => ({ staff: await staffOf(untrack(() => url)) });
