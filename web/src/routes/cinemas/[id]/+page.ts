import { cinema, movies, shows } from '$lib/api/browse';
import { loaded } from '$lib/api/loading';
import { dateIn, daysFrom } from '$lib/i18n/calendar';
import type { PageLoad } from './$types';

const DAYS = 7;

export const load: PageLoad = async ({ params, url }) => {
  const house = await loaded(cinema(params.id));
  const days = daysFrom(dateIn(house.timezone), DAYS);
  const asked = url.searchParams.get('date');
  const date = asked !== null && days.includes(asked) ? asked : (days[0] ?? '');
  const [programme, films] = await loaded(
    Promise.all([shows({ cinema_id: params.id, date }), movies({ city: house.city })]),
  );
  return { house, days, date, programme, films };
};
