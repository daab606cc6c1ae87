import { api, body } from '$lib/api/client';
import { booking, own } from '$lib/api/mine';
import type { PageLoad } from './$types';

export const load: PageLoad = ({ params: { id }, url, depends }) => {
  depends('marquee:desk');
  const params = { path: { booking_id: id } };
  return own(url.pathname, async () => {
    const [desk, sold, story] = await Promise.all([
      body(api.GET('/api/v1/admin/bookings/{booking_id}', { params })),
      booking(id),
      body(api.GET('/api/v1/admin/bookings/{booking_id}/story', { params })),
    ]);
    return { desk, sold, story };
  });
};
