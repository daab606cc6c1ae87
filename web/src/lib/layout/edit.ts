/** What can be done to a plan. Pure: each edit answers another plan, or the same one when there was nothing to do. */
import { count, isAisle, LIMITS, trimmed, widthOf, type Place, type Plan, type Row } from './plan';

/** Places from one corner to another, both included, in any order. */
export interface Area {
  x: number;
  y: number;
  toX: number;
  toY: number;
}

export interface Span {
  from: number;
  to: number;
}

export const CATEGORY_FIRST = 'standard';

export function ordered({ x, y, toX, toY }: Area): Area {
  return { x: Math.min(x, toX), y: Math.min(y, toY), toX: Math.max(x, toX), toY: Math.max(y, toY) };
}

export function rowsOf(area: Area): Span {
  const { y, toY } = ordered(area);
  return { from: y, to: toY };
}

/** Places of one kind all over `area`; rows that are new or were aisles get names and the category of the row before them. */
export function put(plan: Plan, area: Area, place: Place): Plan {
  const { x, y, toX, toY } = ordered(area);
  if (x < 0 || y < 0) return plan;
  const [right, back] = [Math.min(toX, LIMITS.places - 1), Math.min(toY, LIMITS.rows - 1)];
  const rows: Row[] = [...plan];
  for (let at = y; at <= back; at++) {
    const row = rows[at] ?? { name: '', category: '', places: '' };
    const before = row.places.padEnd(x, '_');
    const places = trimmed(
      before.slice(0, x) + place.repeat(Math.max(0, right - x + 1)) + before.slice(right + 1),
    );
    if (places === row.places) continue;
    while (rows.length < at) rows.push({ name: '', category: '', places: '' });
    rows[at] = { ...row, places };
  }
  return changed(plan, named(withoutEmptyEnd(rows, plan.length)));
}

/** A gap drawn behind the last row makes no row. */
function withoutEmptyEnd(rows: Row[], least: number): Row[] {
  let end = rows.length;
  while (end > least && rows[end - 1] && isAisle(rows[end - 1] as Row)) end--;
  return rows.slice(0, end);
}

/** Every row with seats has a name and a category. */
function named(rows: Row[]): Row[] {
  const names = new Set(rows.map((row) => row.name));
  let last = '';
  let category = rows.find((row) => row.category !== '')?.category ?? CATEGORY_FIRST;
  return rows.map((row) => {
    if (isAisle(row)) return row;
    const name = row.name || freeName(names, last);
    names.add(name);
    last = name;
    category = row.category || category;
    return row.name && row.category ? row : { ...row, name, category };
  });
}

function changed(before: Plan, after: Plan): Plan {
  const equal = before.length === after.length && after.every((row, y) => row === before[y]);
  return equal ? before : after;
}

function span(plan: Plan, { from, to }: Span): Span {
  return { from: Math.max(0, from), to: Math.min(to, plan.length - 1) };
}

function each(plan: Plan, rows: Span, edit: (row: Row) => Row): Plan {
  return changed(
    plan,
    plan.map((row, y) => (y >= rows.from && y <= rows.to ? edit(row) : row)),
  );
}

export function rename(plan: Plan, y: number, name: string): Plan {
  return each(plan, { from: y, to: y }, (row) => (row.name === name ? row : { ...row, name }));
}

export function categorise(plan: Plan, rows: Span, category: string): Plan {
  return each(plan, rows, (row) => (isAisle(row) || row.category === category ? row : { ...row, category }));
}

/** Moves the seats of rows sideways; never over the left edge. */
export function shift(plan: Plan, rows: Span, by: number): Plan {
  const wanted = span(plan, rows);
  const seated = plan.slice(wanted.from, wanted.to + 1).filter((row) => !isAisle(row));
  const room = Math.min(...seated.map((row) => row.places.search(/[^_]/)));
  const spare = LIMITS.places - Math.max(...seated.map((row) => row.places.length));
  if (seated.length === 0 || (by < 0 && room < -by) || (by > 0 && spare < by)) return plan;
  return each(plan, wanted, (row) => {
    if (isAisle(row)) return row;
    return { ...row, places: by > 0 ? '_'.repeat(by) + row.places : row.places.slice(-by) };
  });
}

/** Sets every row in the middle of the widest. */
export function centre(plan: Plan): Plan {
  const width = Math.max(0, ...plan.map((row) => trimmed(row.places).replace(/^_+/, '').length));
  return each(plan, { from: 0, to: plan.length }, (row) => {
    const seats = trimmed(row.places).replace(/^_+/, '');
    const places = seats && '_'.repeat(Math.floor((width - seats.length) / 2)) + seats;
    return places === row.places ? row : { ...row, places };
  });
}

/** An aisle from the screen to the back, at column `x`. */
export function openColumn(plan: Plan, x: number): Plan {
  if (widthOf(plan) >= LIMITS.places) return plan;
  return each(plan, { from: 0, to: plan.length }, (row) =>
    x >= row.places.length ? row : { ...row, places: `${row.places.slice(0, x)}_${row.places.slice(x)}` },
  );
}

/** Takes column `x` away with all that stands there. */
export function closeColumn(plan: Plan, x: number): Plan {
  return each(plan, { from: 0, to: plan.length }, (row) =>
    x >= row.places.length
      ? row
      : { ...row, places: trimmed(row.places.slice(0, x) + row.places.slice(x + 1)) },
  );
}

/** A cross aisle before row `y`. */
export function openAisle(plan: Plan, y: number): Plan {
  if (plan.length >= LIMITS.rows) return plan;
  return [...plan.slice(0, y), { name: '', category: '', places: '' }, ...plan.slice(y)];
}

/** The rows once more behind themselves, under names of their own. */
export function duplicate(plan: Plan, rows: Span): Plan {
  const { from, to } = span(plan, rows);
  const copied = plan.slice(from, to + 1);
  if (copied.length === 0 || plan.length + copied.length > LIMITS.rows) return plan;
  const names = new Set(plan.map((row) => row.name));
  let last = copied.at(-1)?.name ?? '';
  const copies = copied.map((row) => {
    if (isAisle(row)) return row;
    last = freeName(names, last);
    names.add(last);
    return { ...row, name: last };
  });
  return [...plan.slice(0, to + 1), ...copies, ...plan.slice(to + 1)];
}

export function remove(plan: Plan, rows: Span): Plan {
  const { from, to } = span(plan, rows);
  return to < from ? plan : [...plan.slice(0, from), ...plan.slice(to + 1)];
}

/** Moves rows towards the screen (-1) or the back (1). */
export function move(plan: Plan, rows: Span, by: -1 | 1): Plan {
  const { from, to } = span(plan, rows);
  if (to < from || from + by < 0 || to + by >= plan.length) return plan;
  const moving = plan.slice(from, to + 1);
  const rest = [...plan.slice(0, from), ...plan.slice(to + 1)];
  rest.splice(from + by, 0, ...moving);
  return rest;
}

/** Names every row with seats in turn from `first`, leaving out what is easily misread when it is letters. */
export function nameRows(plan: Plan, first: string): Plan {
  let next = first.trim();
  return changed(
    plan,
    plan.map((row) => {
      if (isAisle(row)) return row;
      const name = next;
      next = after(next);
      return name === row.name ? row : { ...row, name };
    }),
  );
}

/** Letters that are read as digits. */
const MISREAD = new Set(['I', 'O']);

/** The name that follows: 9 is followed by 10, H by J, Z by AA. */
export function after(name: string): string {
  if (/^\d+$/.test(name)) return String(Number(name) + 1);
  const letters = Array.from(name.toUpperCase());
  if (name === '' || letters.some((letter) => !/[A-Z]/.test(letter))) return 'A';
  let at = letters.length - 1;
  while (at >= 0 && letters[at] === 'Z') letters[at--] = 'A';
  if (at < 0) return `A${letters.join('')}`;
  letters[at] = String.fromCharCode((letters[at] ?? 'A').charCodeAt(0) + 1);
  const followed = letters.join('');
  return MISREAD.has(letters[at] ?? '') ? after(followed) : followed;
}

function freeName(taken: ReadonlySet<string>, last: string): string {
  let name = after(last);
  while (taken.has(name)) name = after(name);
  return name;
}

export interface Hall {
  rows: number;
  seats: number;
  /** After which seats, counted from the left, an aisle runs to the back. */
  aisles: readonly number[];
  category: string;
}

/** A plain hall to begin with. */
export function hall({ rows, seats, aisles, category }: Hall): Plan {
  const wanted = new Set(aisles.filter((after) => after > 0 && after < seats));
  let places = '';
  for (let seat = 1; seat <= seats; seat++) places += wanted.has(seat) ? 's_' : 's';
  const row = { name: '', category, places: places.slice(0, LIMITS.places) };
  return named(Array.from({ length: Math.min(rows, LIMITS.rows) }, () => row));
}

/** Categories in use, in the order in which they first appear. */
export function categories(plan: Plan): string[] {
  return count(plan).categories.map(({ category }) => category);
}
