import { cinema } from '$lib/api/browse';
import { loaded } from '$lib/api/loading';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ params, parent }) => {
  const { staff } = await parent();
  const found = await loaded(cinema(params.id));
  // The shell's list may be older than a cinema that was just added: administrators manage that one as well.
  const manages = staff.admin || staff.manages.some(({ cinema_id }) => cinema_id === found.cinema_id);
  return { cinema: found, manages };
};
