/** Counting money at a till, in minor units. Pure. */

/** Notes and coins that a guest may hand over, in whole units; of a currency that is not here, those that most have. */
const NOTES: Record<string, readonly number[]> = {
  INR: [10, 50, 100, 200, 500],
  USD: [1, 5, 10, 20, 50, 100],
  JPY: [100, 500, 1000, 5000, 10000],
};
const USUAL_NOTES: readonly number[] = [5, 10, 20, 50, 100];

/** How many decimals the currency has. */
export function decimals(currency: string): number {
  return (
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
  );
}

/** What is likely to be handed over for `total`: all of it, and the next sums up that notes make. */
export function likely(total: number, currency: string): number[] {
  const SUMS_MAX = 5;
  const unit = 10 ** decimals(currency);
  const notes = NOTES[currency] ?? USUAL_NOTES;
  const sums = new Set([total, ...notes.map((note) => Math.ceil(total / (note * unit)) * note * unit)]);
  return [...sums].sort((a, b) => a - b).slice(0, SUMS_MAX);
}

/** What somebody typed as an amount; nothing when it is none. A comma or a point stands before the decimals. */
export function readAmount(text: string, currency: string): number | undefined {
  const digits = decimals(currency);
  const typed = text.replace(/[\s\u00a0\u202f’']/g, '');
  const [, whole, point, fraction] = /^([\d.,]*?)(?:([.,])(\d{1,2}))?$/.exec(typed) ?? [];
  if (whole === undefined || (fraction !== undefined && fraction.length > digits)) return undefined;
  // What stands between thousands does not stand before decimals, too.
  if (point !== undefined && whole.includes(point)) return undefined;
  const grouped = whole.replace(/[.,](?=\d{2,3}(?:[.,]|$))/g, '');
  if (!/^\d{1,9}$/.test(grouped)) return undefined;
  return Number(grouped) * 10 ** digits + Number((fraction ?? '').padEnd(digits, '0') || 0);
}

/** What goes back of `given`; nothing while it is not enough. */
export function change(total: number, given: number | undefined): number | undefined {
  return given === undefined || given < total ? undefined : given - total;
}
