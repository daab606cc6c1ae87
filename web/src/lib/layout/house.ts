/** The plan as the customers' seat map has it. Pure. */
import type { SeatMap } from '../api/client';
import { houseOf, type House } from '../seats/house';
import { count, type Plan } from './plan';

const KINDS = { s: 'standard', w: 'wheelchair', c: 'companion' } as const;
/** A layout has no prices: those are its shows'. */
const PRICELESS = { amount: 0, currency: 'INR' };

export function seatMapOf(plan: Plan): SeatMap {
  const seats: SeatMap['seats'] = [];
  plan.forEach((row, y) => {
    let number = 0;
    Array.from(row.places).forEach((place, x) => {
      const seat_type = KINDS[place as keyof typeof KINDS] as (typeof KINDS)[keyof typeof KINDS] | undefined;
      if (!seat_type) return;
      number += 1;
      seats.push({
        // By place, not by name: while it is drawn two rows may have one name.
        seat_id: `${y}-${number}`,
        label: `${row.name}${number}`,
        row: row.name,
        number,
        x,
        y,
        category: row.category,
        seat_type,
        status: 'available',
        price: PRICELESS,
      });
    });
  });
  const categories = count(plan).categories.map(({ category }) => ({
    category,
    name: category,
    price: PRICELESS,
  }));
  return {
    show_id: '',
    version: 0,
    seats_total: seats.length,
    seats_available: seats.length,
    categories,
    seats,
  };
}

export function houseOfPlan(plan: Plan): House {
  return houseOf(seatMapOf(plan));
}
