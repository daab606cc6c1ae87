import { api, body } from '$lib/api/client';
import { own } from '$lib/api/mine';
import { may } from '$lib/admin/roles';
import { dateIn } from '$lib/i18n/calendar';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ url, parent }) => {
  const { staff } = await parent();
  const cinema = staff.manages.find((one) => one.cinema_id === url.searchParams.get('cinema'));
  const today = dateIn((cinema ?? staff.manages[0])?.timezone);
  const query = {
    date: url.searchParams.get('date') ?? today,
    ...(cinema ? { cinema_id: cinema.cinema_id } : {}),
  };
  // Whoever does not manage is told so by the page around this one.
  if (!may(staff, 'managers')) return { query, today, day: undefined };
  const day = await own(url.pathname + url.search, () =>
    body(api.GET('/api/v1/admin/dashboard', { params: { query } })),
  );
  return { query, today, day };
};
