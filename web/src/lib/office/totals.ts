/** The till's day, added up. Pure. */
import type { Money } from '../api/client';
import type { components } from '../api/schema';

export type Line = components['schemas']['TillLine'];

/** A sum for each way to pay and currency, over all clerks. */
export function together(lines: readonly Line[]): Line[] {
  const sums = new Map<string, Line>();
  for (const line of lines) {
    const key = `${line.method} ${line.taken.currency}`;
    const before = sums.get(key);
    sums.set(key, before ? sum(before, line) : line);
  }
  return [...sums.values()];
}

function sum(one: Line, other: Line): Line {
  return {
    ...one,
    sales: one.sales + other.sales,
    payouts: one.payouts + other.payouts,
    taken: plus(one.taken, other.taken),
    paid_out: plus(one.paid_out, other.paid_out),
  };
}

function plus(one: Money, other: Money): Money {
  return { ...one, amount: one.amount + other.amount };
}
