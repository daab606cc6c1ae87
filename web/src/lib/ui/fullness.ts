import type { Show } from '../api/client';

export type Fullness = 'plenty' | 'filling' | 'few' | 'none' | 'closed' | 'started' | 'cancelled';

/** From here on a show is filling; and so many seats are few. */
const FILLING = 0.5;
const FEW_SEATS = 12;
const FEW = 0.9;

export function fullness(show: Show): Fullness {
  if (show.status !== 'on_sale') return show.status;
  if (show.seats_available === 0) return 'none';
  const taken = share(show);
  if (show.seats_available <= FEW_SEATS || taken >= FEW) return 'few';
  return taken >= FILLING ? 'filling' : 'plenty';
}

/** How much of the house is taken, from 0 to 1. */
export function share(show: Show): number {
  return show.seats_total === 0 ? 1 : 1 - show.seats_available / show.seats_total;
}
