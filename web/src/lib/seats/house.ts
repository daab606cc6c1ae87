/** A house full of seats, and the rules of choosing among them. Pure. */
import type { SeatMap } from '../api/client';

export type Seat = SeatMap['seats'][number];
export type Status = Seat['status'];

export interface Row {
  name: string;
  y: number;
  /** From left to right, as indices into `House.seats`. */
  seats: number[];
}

export interface House {
  seats: readonly Seat[];
  rows: readonly Row[];
  categories: SeatMap['categories'];
  /** In places. */
  width: number;
  height: number;
  indexOf: ReadonlyMap<string, number>;
  /** The seat at a place. */
  at(x: number, y: number): number | undefined;
}

export function houseOf(map: SeatMap): House {
  const rows = new Map<number, Row>();
  const indexOf = new Map<string, number>();
  const places = new Map<number, number>();
  let [width, height] = [0, 0];
  map.seats.forEach((seat, index) => {
    indexOf.set(seat.seat_id, index);
    width = Math.max(width, seat.x + 1);
    height = Math.max(height, seat.y + 1);
    const row = rows.get(seat.y) ?? { name: seat.row, y: seat.y, seats: [] };
    row.seats.push(index);
    rows.set(seat.y, row);
  });
  map.seats.forEach((seat, index) => places.set(seat.y * width + seat.x, index));
  const x = (index: number) => map.seats[index]?.x ?? 0;
  for (const row of rows.values()) row.seats.sort((a, b) => x(a) - x(b));
  return {
    seats: map.seats,
    rows: [...rows.values()].sort((a, b) => a.y - b.y),
    categories: map.categories,
    width,
    height,
    indexOf,
    at: (x, y) => (x < 0 || y < 0 || x >= width ? undefined : places.get(y * width + x)),
  };
}

/** Which seats are free, as of a status per seat. */
export type Free = (index: number) => boolean;

/** Whether a seat is sold next to others: a wheelchair space and its companion are a pair of their own. */
function sits(house: House, index: number | undefined): index is number {
  return index !== undefined && house.seats[index]?.seat_type === 'standard';
}

/** Whether `index` would be free with nobody free beside it. */
function alone(house: House, index: number, free: Free): boolean {
  const seat = house.seats[index];
  if (!seat || !sits(house, index) || !free(index)) return false;
  return [seat.x - 1, seat.x + 1].every((x) => {
    const next = house.at(x, seat.y);
    return !(sits(house, next) && free(next));
  });
}

/** The seats that `chosen` would leave alone, and that have company now. */
export function leftAlone(house: House, free: Free, chosen: ReadonlySet<number>): number[] {
  const after: Free = (index) => free(index) && !chosen.has(index);
  const lone = new Set<number>();
  for (const index of chosen) {
    const seat = house.seats[index];
    if (!seat || !sits(house, index)) continue;
    for (const x of [seat.x - 1, seat.x + 1]) {
      const next = house.at(x, seat.y);
      if (next !== undefined && !chosen.has(next) && alone(house, next, after)) lone.add(next);
    }
  }
  return [...lone].sort((a, b) => a - b);
}

/** Runs of `count` free seats side by side, in `category` if one is asked for. */
function* runs(house: House, free: Free, count: number, category: string | undefined): Generator<number[]> {
  for (const row of house.rows) {
    let run: number[] = [];
    for (const index of row.seats) {
      const seat = house.seats[index];
      const last = run.at(-1);
      const fits =
        seat && sits(house, index) && free(index) && (category === undefined || seat.category === category);
      const follows = last === undefined || (seat && house.seats[last]?.x === seat.x - 1);
      run = fits ? (follows ? [...run, index] : [index]) : [];
      if (run.length > count) run = run.slice(1);
      if (run.length === count) yield run;
    }
  }
}

/**
 * The seats nearest to `chosen`, as many and in the same category, side by side, that leave nobody alone; nothing when no seats do,
 * and then the choice has to be let through.
 */
export function instead(house: House, free: Free, chosen: readonly number[]): number[] | undefined {
  const seats = chosen.map((index) => house.seats[index]).filter((seat) => seat !== undefined);
  const first = seats[0];
  if (!first) return undefined;
  const category = seats.every((seat) => seat.category === first.category) ? first.category : undefined;
  const [x, y] = [mean(seats.map((seat) => seat.x)), mean(seats.map((seat) => seat.y))];
  let best: { run: number[]; far: number } | undefined;
  for (const run of runs(house, free, chosen.length, category)) {
    const [a, z] = [house.seats[run[0] ?? 0], house.seats[run.at(-1) ?? 0]];
    if (!a || !z) continue;
    const far = Math.hypot((a.x + z.x) / 2 - x, (a.y - y) * 1.6);
    if ((!best || far < best.far) && leftAlone(house, free, new Set(run)).length === 0) best = { run, far };
  }
  return best?.run;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

export type Direction = 'left' | 'right' | 'up' | 'down' | 'start' | 'end';

/** The seat that a key leads to from `from`. */
export function neighbour(house: House, from: number, direction: Direction): number {
  const seat = house.seats[from];
  const row = house.rows.findIndex(({ y }) => y === seat?.y);
  const seats = house.rows[row]?.seats ?? [];
  const at = seats.indexOf(from);
  if (direction === 'left') return seats[at - 1] ?? from;
  if (direction === 'right') return seats[at + 1] ?? from;
  if (direction === 'start') return seats[0] ?? from;
  if (direction === 'end') return seats.at(-1) ?? from;
  const next = house.rows[row + (direction === 'up' ? -1 : 1)]?.seats ?? [];
  const off = (index: number) => Math.abs((house.seats[index]?.x ?? 0) - (seat?.x ?? 0));
  return next.reduce<number>((best, index) => (best === from || off(index) < off(best) ? index : best), from);
}
