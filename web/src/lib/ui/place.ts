/** Which city somebody is shown: the one they chose, or else one of their own time zone, or else the one with the most screens. */
import type { Cinema } from '../api/client';

/** A cookie, for the server to know what this page will ask for; it is in the page then. */
const KEPT = 'marquee_city';
const KEPT_S = 365 * 24 * 3600;

export function citiesOf(cinemas: readonly Cinema[]): string[] {
  return [...new Set(cinemas.map((cinema) => cinema.city))].sort((a, b) => a.localeCompare(b));
}

export function cityFor(cinemas: readonly Cinema[], asked: string | null): string {
  const cities = citiesOf(cinemas);
  const known = [asked, keptCity(document.cookie)].find((city) => city !== null && cities.includes(city));
  if (known) return known;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone.replace('Calcutta', 'Kolkata');
  const near = cinemas.filter((cinema) => cinema.timezone === here);
  return largest(near) ?? largest(cinemas) ?? '';
}

/** The city with the most screens; of several, the first by name, as the server has it. */
export function largest(cinemas: readonly Pick<Cinema, 'city' | 'screens'>[]): string | undefined {
  const screens = new Map<string, number>();
  for (const { city, screens: has } of cinemas) screens.set(city, (screens.get(city) ?? 0) + has.length);
  const [first] = [...screens].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return first?.[0];
}

/** The city in such a line of cookies. */
export function keptCity(cookies: string): string | null {
  const value = cookies
    .split('; ')
    .find((pair) => pair.startsWith(`${KEPT}=`))
    ?.slice(KEPT.length + 1);
  try {
    return value ? decodeURIComponent(value) : null;
  } catch {
    return null;
  }
}

export function keepCity(city: string): void {
  document.cookie = `${KEPT}=${encodeURIComponent(city)}; Path=/; Max-Age=${KEPT_S}; SameSite=Lax`;
}
