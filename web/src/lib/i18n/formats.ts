/** Formats of Intl, each made once: making one takes longer than a frame has on a cheap phone. */

const dateFormats = new Map<string, Intl.DateTimeFormat>();

/** The format of dates and times for `locale`. */
export function dates(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  let format = dateFormats.get(key);
  if (!format) dateFormats.set(key, (format = new Intl.DateTimeFormat(locale, options)));
  return format;
}

const moneyFormats = new Map<string, { format: Intl.NumberFormat; digits: number }>();

/** Whole amounts are written without decimals, as on a poster. */
export function moneyFormat(locale: string, currency: string, amount: number) {
  const digits =
    new Intl.NumberFormat(locale, { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ??
    2;
  const whole = amount % 10 ** digits === 0;
  const key = `${locale} ${currency} ${whole}`;
  let made = moneyFormats.get(key);
  if (!made) {
    const format = new Intl.NumberFormat(locale, {
      style: 'currency',
      currency,
      ...(whole ? { minimumFractionDigits: 0, maximumFractionDigits: 0 } : {}),
    });
    moneyFormats.set(key, (made = { format, digits }));
  }
  return made;
}
