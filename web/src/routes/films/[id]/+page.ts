import { cinemas, movie, shows } from '$lib/api/browse';
import { loaded } from '$lib/api/loading';
import { dateIn, daysFrom } from '$lib/i18n/calendar';
import { cityFor } from '$lib/ui/place';
import type { PageLoad } from './$types';

const DAYS = 7;

export const load: PageLoad = async ({ params, url }) => {
  const houses = await loaded(cinemas());
  const city = cityFor(houses, url.searchParams.get('city'));
  const [film, here] = await loaded(Promise.all([movie(params.id), shows({ movie_id: params.id, city })]));
  const zone = houses.find((cinema) => cinema.city === city)?.timezone;
  const days = daysFrom(dateIn(zone), DAYS);
  const dayOf = (start: string) => dateIn(zone, new Date(start));
  const asked = url.searchParams.get('date');
  const first = here[0] ? dayOf(here[0].start_time) : days[0];
  const date = asked !== null && days.includes(asked) ? asked : (first ?? '');
  return {
    houses,
    film,
    city,
    days,
    date,
    programme: here.filter((show) => dayOf(show.start_time) === date),
  };
};
