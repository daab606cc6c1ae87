import { cinemas, movies, shows } from '$lib/api/browse';
import { loaded } from '$lib/api/loading';
import { dateIn, daysFrom } from '$lib/i18n/calendar';
import { cityFor } from '$lib/ui/place';
import type { PageLoad } from './$types';

const DAYS = 7;

export const load: PageLoad = async ({ url }) => {
  const houses = await loaded(cinemas());
  const city = cityFor(houses, url.searchParams.get('city'));
  const here = houses.filter((cinema) => cinema.city === city);
  const days = daysFrom(dateIn(here[0]?.timezone), DAYS);
  const asked = url.searchParams.get('date');
  const known = asked !== null && days.includes(asked) ? asked : undefined;
  let date = known ?? days[0] ?? '';
  const [onThatDay, films] = await loaded(Promise.all([shows({ city, date }), movies({ city })]));
  let programme = onThatDay;
  // Late at night there is nothing left of today.
  if (programme.length === 0 && known === undefined && days[1] !== undefined) {
    date = days[1];
    programme = await loaded(shows({ city, date }));
  }
  return { houses, here, city, days, date, programme, films };
};
