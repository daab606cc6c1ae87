/** A cinema's facts as their form has them. Pure. */
import type { Cinema } from '../api/client';
import { degreesIn, wholeIn } from './texts';

export interface CinemaForm {
  name: string;
  city: string;
  timezone: string;
  address: string;
  lat: string;
  lon: string;
  sales: string;
  cancellations: string;
}

export type CinemaField = keyof CinemaForm;

const MINUTES_MAX = 10_080;

export function formOf(cinema: Cinema): CinemaForm {
  return {
    name: cinema.name,
    city: cinema.city,
    timezone: cinema.timezone,
    address: cinema.address ?? '',
    lat: cinema.location ? String(cinema.location.lat) : '',
    lon: cinema.location ? String(cinema.location.lon) : '',
    sales: String(cinema.sales_close_minutes_before_start),
    cancellations: String(cinema.cancellation_close_minutes_before_start),
  };
}

/** A form to begin with, in the zone of whoever fills it in. */
export function emptyForm(): CinemaForm {
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { name: '', city: '', timezone, address: '', lat: '', lon: '', sales: '0', cancellations: '0' };
}

/** The fields that are not as they must be. */
export function wrong(form: CinemaForm): CinemaField[] {
  const empty = (['name', 'city', 'timezone'] as const).filter((field) => form[field].trim() === '');
  const minutes = (['sales', 'cancellations'] as const).filter(
    (field) => wholeIn(form[field], MINUTES_MAX) === undefined,
  );
  return [...empty, ...minutes, ...wrongPlace(form)];
}

function wrongPlace(form: CinemaForm): CinemaField[] {
  if (form.lat.trim() === '' && form.lon.trim() === '') return [];
  const found: CinemaField[] = [];
  if (degreesIn(form.lat, 90) === undefined) found.push('lat');
  if (degreesIn(form.lon, 180) === undefined) found.push('lon');
  return found;
}

/** What the form says, once nothing is wrong with it. */
export function cinemaIn(form: CinemaForm) {
  const [lat, lon] = [degreesIn(form.lat, 90), degreesIn(form.lon, 180)];
  return {
    name: form.name.trim(),
    city: form.city.trim(),
    timezone: form.timezone.trim(),
    address: form.address.trim() || null,
    location: lat !== undefined && lon !== undefined ? { lat, lon } : null,
    sales_close_minutes_before_start: wholeIn(form.sales, MINUTES_MAX) ?? 0,
    cancellation_close_minutes_before_start: wholeIn(form.cancellations, MINUTES_MAX) ?? 0,
  };
}

/** The form's field that the server means. */
export const FIELD_OF: Record<string, CinemaField> = {
  name: 'name',
  city: 'city',
  timezone: 'timezone',
  address: 'address',
  'location.lat': 'lat',
  'location.lon': 'lon',
  sales_close_minutes_before_start: 'sales',
  cancellation_close_minutes_before_start: 'cancellations',
};
