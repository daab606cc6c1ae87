import { redirect } from '@sveltejs/kit';
import { may } from '$lib/admin/roles';
import { staffOf } from '$lib/admin/staff';
import type { LayoutLoad } from './$types';

export const load: LayoutLoad = async ({ url, untrack }) => {
  const asked = untrack(() => url);
  const staff = await staffOf(asked);
  // The first page is the managers'; who sells has bookings to find.
  if (asked.pathname === '/admin' && !may(staff, 'managers') && may(staff, 'staff'))
    redirect(307, '/admin/bookings');
  return { staff };
};
