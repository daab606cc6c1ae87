/** Formats of Intl, each made once: making one takes longer than a frame has on a cheap phone. */

const dateFormats = new Map<string, Intl.DateTimeFormat>();

/** The format of dates and times for `locale`. */
export function dates(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  let format = dateFormats.get(key);
  if (!format) dateFormats.set(key, (format = new Intl.DateTimeFormat(locale, options)));
  return format;
}

const numberFormats = new Map<string, Intl.NumberFormat>();

/** The format of numbers for `locale`. */
export function numbers(locale: string, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  const key = locale + JSON.stringify(options);
  let format = numberFormats.get(key);
  if (!format) numberFormats.set(key, (format = new Intl.NumberFormat(locale, options)));
  return format;
}

const nameFormats = new Map<string, Intl.DisplayNames>();

/** What languages are called in the one of `locale`. */
export function languageNames(locale: string): Intl.DisplayNames {
  let format = nameFormats.get(locale);
  if (!format) nameFormats.set(locale, (format = new Intl.DisplayNames([locale], { type: 'language' })));
  return format;
}

const moneyFormats = new Map<
  string,
  { whole: Intl.NumberFormat; exact: Intl.NumberFormat; digits: number }
>();

/** Whole amounts are written without decimals, as on a poster. */
export function moneyFormat(locale: string, currency: string, amount: number) {
  const key = `${locale} ${currency}`;
  let formats = moneyFormats.get(key);
  if (!formats) {
    const style = { style: 'currency', currency } as const;
    const exact = new Intl.NumberFormat(locale, style);
    const whole = new Intl.NumberFormat(locale, {
      ...style,
      minimumFractionDigits: 0,
      maximumFractionDigits: 0,
    });
    const digits = exact.resolvedOptions().maximumFractionDigits ?? 2;
    moneyFormats.set(key, (formats = { whole, exact, digits }));
  }
  const { whole, exact, digits } = formats;
  return { format: amount % 10 ** digits === 0 ? whole : exact, digits };
}
