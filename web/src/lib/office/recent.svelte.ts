/** What was sold at this till last, for a printer that jams: kept on this device, for a day of work. */
import type { Booking } from '../api/client';

export interface Recent {
  booking_id: string;
  reference: string;
  film: string;
  seats: string[];
  at: string;
}

const KEPT = 'marquee.office.recent';
const SALES_MAX = 20;

class RecentSales {
  list = $state.raw<Recent[]>(read());

  keep(booking: Booking, film: string): void {
    const { booking_id, reference, created_at } = booking;
    const sale = {
      booking_id,
      reference,
      film,
      seats: booking.seats.map((seat) => seat.label),
      at: created_at,
    };
    const others = this.list.filter((other) => other.booking_id !== booking_id);
    this.list = [sale, ...others].slice(0, SALES_MAX);
    sessionStorage.setItem(KEPT, JSON.stringify(this.list));
  }
}

function read(): Recent[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? '[]') as Recent[];
  } catch {
    return [];
  }
}

export const recentSales = new RecentSales();
