/** Tables as files for spreadsheets. */
export type Value = string | number | boolean | null | undefined;

/** Without it, spreadsheets read UTF-8 as something else. */
const BYTE_ORDER_MARK = '\ufeff';
/** A spreadsheet takes a text that begins so for a formula, and runs it. */
const FORMULA = /^[=+\-@\t\r]/;
/** What a text is quoted for. */
const SPECIAL = /[",\r\n]/;

/** `rows` below `titles` as CSV (RFC 4180), in which no text is a formula. */
export function csv(titles: readonly string[], rows: readonly (readonly Value[])[]): string {
  return BYTE_ORDER_MARK + [titles, ...rows].map((row) => row.map(cell).join(',') + '\r\n').join('');
}

/** One value; a number is no formula, also below zero. */
export function cell(value: Value): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const harmless = FORMULA.test(value) ? `'${value}` : value;
  return SPECIAL.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** Has the browser save `text` as a file. */
export function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun by the next turn of the event loop.
  setTimeout(() => URL.revokeObjectURL(url));
}
