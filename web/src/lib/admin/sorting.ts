/** The order of a table's rows. */
import type { Value } from './csv';

export interface Order {
  column: number;
  descending: boolean;
}

/** The order after a press on the head of `column`: up, down, as it came. */
export function turned(order: Order | undefined, column: number): Order | undefined {
  if (order?.column !== column) return { column, descending: false };
  return order.descending ? undefined : { column, descending: true };
}

/** Compares two values that are something, as a reader of `locale` would. */
export function comparer(locale: string): (a: Value, b: Value) => number {
  const words = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
  return (a, b) =>
    typeof a === 'string' || typeof b === 'string'
      ? words.compare(String(a), String(b))
      : Number(a) - Number(b);
}

/** `rows` in that order; equals stay as they came, and what is nothing is last either way. */
export function sorted<Row>(
  rows: readonly Row[],
  value: (row: Row) => Value,
  descending: boolean,
  compare: (a: Value, b: Value) => number,
): Row[] {
  const nothing = (one: Value) => one === null || one === undefined || one === '';
  const turn = descending ? -1 : 1;
  return [...rows].sort((first, second) => {
    const [a, b] = [value(first), value(second)];
    if (nothing(a) || nothing(b)) return Number(nothing(a)) - Number(nothing(b));
    return turn * compare(a, b);
  });
}
