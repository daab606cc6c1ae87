import { cinemaAtWork } from '$lib/admin/CinemaPicker.svelte';
import { loaded } from '$lib/api/loading';
import { dateIn } from '$lib/i18n/calendar';
import { around, scheduling } from '$lib/schedule/api';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ url, parent, depends }) => {
  depends('marquee:schedule');
  const { staff } = await parent();
  const cinema = cinemaAtWork(staff.manages, url.searchParams.get('cinema'));
  if (!cinema) return { staff, day: undefined };
  const asked = url.searchParams.get('date') ?? '';
  const date = /^\d{4}-\d{2}-\d{2}$/.test(asked) ? asked : dateIn(cinema.timezone);
  const [terms, shows] = await loaded(
    Promise.all([scheduling(cinema.cinema_id), around(cinema.cinema_id, date)]),
  );
  return { staff, day: { cinema, date, terms, shows } };
};
