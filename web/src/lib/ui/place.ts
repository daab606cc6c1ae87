/** Which city somebody is shown: the one they chose, or else one of their own time zone. */
import type { Cinema } from '../api/client';

const KEPT = 'marquee.city';

export function citiesOf(cinemas: readonly Cinema[]): string[] {
  return [...new Set(cinemas.map((cinema) => cinema.city))].sort((a, b) => a.localeCompare(b));
}

export function cityFor(cinemas: readonly Cinema[], asked: string | null): string {
  const cities = citiesOf(cinemas);
  const known = [asked, localStorage.getItem(KEPT)].find((city) => city !== null && cities.includes(city));
  if (known) return known;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone.replace('Calcutta', 'Kolkata');
  const near = cinemas.filter((cinema) => cinema.timezone === here);
  return (
    (
      near.find((cinema) => cinema.city === 'Mumbai') ??
      near[0] ??
      cinemas.find((c) => c.city === 'Mumbai') ??
      cinemas[0]
    )?.city ?? ''
  );
}

export function keepCity(city: string): void {
  localStorage.setItem(KEPT, city);
}
