/** Prices as people write them, and as the API has them: in minor units. Pure. */

/** Decimals of a currency. */
export function digitsOf(currency: string): number {
  try {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency });
    return format.resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/** `250` or `250.5` in minor units; nothing when it is no amount of that currency. */
export function minorUnits(text: string, currency: string): number | undefined {
  const digits = digitsOf(currency);
  const found = /^(\d{1,9})(?:[.,](\d{0,3}))?$/.exec(text.trim());
  if (!found) return undefined;
  const [, whole = '0', fraction = ''] = found;
  if (fraction.length > digits) return undefined;
  return Number(whole) * 10 ** digits + Number(fraction.padEnd(digits, '0') || '0');
}

/** The other way about, as short as it can be. */
export function written(amount: number, currency: string): string {
  const digits = digitsOf(currency);
  const text = (amount / 10 ** digits).toFixed(digits);
  return digits > 0 ? text.replace(/\.0+$/, '') : text;
}
