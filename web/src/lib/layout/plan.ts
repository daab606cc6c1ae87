/**
 * A layout while it is drawn: the contract's notation with one letter for each kind of place. Pure; a plan is never changed, every
 * edit makes another.
 */

/** An ordinary seat, a wheelchair space, a companion's seat, nothing (an aisle). */
export type Place = 's' | 'w' | 'c' | '_';

export interface Row {
  readonly name: string;
  readonly category: string;
  /** One `Place` a character, from the left. */
  readonly places: string;
}

export type Plan = readonly Row[];

/** A row as the API has it. */
export interface WrittenRow {
  row: string;
  category: string;
  seats: string;
}

export const LIMITS = { rows: 200, places: 200, seats: 20_000, nameChars: 4, categoryChars: 32 } as const;

/** What any character of the notation stands for. */
function placeOf(character: string): Place {
  return character === '_' || character === 'w' || character === 'c' ? character : 's';
}

export function placesOf(seats: string): string {
  return Array.from(seats, placeOf).join('');
}

/** Without the gaps at its end, which mean nothing. */
export function trimmed(places: string): string {
  return places.replace(/_+$/, '');
}

export function isAisle(row: Row): boolean {
  return trimmed(row.places) === '';
}

export function read(rows: readonly WrittenRow[]): Plan {
  return rows.map(({ row, category, seats }) => ({ name: row, category, places: trimmed(placesOf(seats)) }));
}

/** The plan as the API takes it: a cross aisle has neither name nor category. */
export function write(plan: Plan): WrittenRow[] {
  return plan.map((row) => {
    const seats = trimmed(row.places);
    return seats === ''
      ? { row: '', category: '', seats }
      : { row: row.name.trim(), category: row.category.trim(), seats };
  });
}

export function same(one: Plan, other: Plan): boolean {
  return one === other || JSON.stringify(write(one)) === JSON.stringify(write(other));
}

export function widthOf(plan: Plan): number {
  return plan.reduce((most, row) => Math.max(most, trimmed(row.places).length), 0);
}

export function placeAt(plan: Plan, x: number, y: number): Place {
  return (plan[y]?.places[x] ?? '_') as Place;
}

/** Which seat of its row the place is, from 1; 0 for a gap. */
export function numberAt(plan: Plan, x: number, y: number): number {
  const places = plan[y]?.places ?? '';
  if (placeAt(plan, x, y) === '_') return 0;
  return seatsIn(places.slice(0, x + 1));
}

export function seatsIn(places: string): number {
  return places.length - places.split('_').length + 1;
}

export interface Count {
  seats: number;
  wheelchair: number;
  companion: number;
  /** In the order in which they first appear. */
  categories: { category: string; seats: number }[];
}

export function count(plan: Plan): Count {
  const categories = new Map<string, number>();
  const all: Count = { seats: 0, wheelchair: 0, companion: 0, categories: [] };
  for (const row of plan) {
    const seats = seatsIn(row.places);
    if (seats === 0) continue;
    all.seats += seats;
    all.wheelchair += row.places.split('w').length - 1;
    all.companion += row.places.split('c').length - 1;
    const category = row.category.trim();
    categories.set(category, (categories.get(category) ?? 0) + seats);
  }
  all.categories = [...categories].map(([category, seats]) => ({ category, seats }));
  return all;
}

export type Problem =
  | 'noSeats'
  | 'tooManyRows'
  | 'tooManySeats'
  | 'tooWide'
  | 'noName'
  | 'badName'
  | 'sameName'
  | 'noCategory'
  | 'longCategory';

export interface Fault {
  problem: Problem;
  /** The row it is about; none when it is about all of them. */
  y?: number;
}

/** What keeps the plan from being saved: the server's rules, told while drawing. */
export function faults(plan: Plan): Fault[] {
  const found: Fault[] = [];
  const { seats } = count(plan);
  if (plan.length > LIMITS.rows) found.push({ problem: 'tooManyRows' });
  if (seats === 0) found.push({ problem: 'noSeats' });
  if (seats > LIMITS.seats) found.push({ problem: 'tooManySeats' });
  const names = new Set<string>();
  plan.forEach((row, y) => {
    if (isAisle(row)) return;
    const [name, category] = [row.name.trim(), row.category.trim()];
    if (trimmed(row.places).length > LIMITS.places) found.push({ problem: 'tooWide', y });
    if (name === '') found.push({ problem: 'noName', y });
    else if (!/^[\p{Alphabetic}\p{N}]{1,4}$/u.test(name)) found.push({ problem: 'badName', y });
    else if (names.has(name)) found.push({ problem: 'sameName', y });
    names.add(name);
    if (category === '') found.push({ problem: 'noCategory', y });
    else if (Array.from(category).length > LIMITS.categoryChars) found.push({ problem: 'longCategory', y });
  });
  return found;
}

/** Rows with a wheelchair space that has no companion's seat beside it. */
export function withoutCompanion(plan: Plan): number[] {
  const lonely = ({ places }: Row) =>
    Array.from(places).some((place, x) => place === 'w' && places[x - 1] !== 'c' && places[x + 1] !== 'c');
  return plan.flatMap((row, y) => (lonely(row) ? [y] : []));
}
