/** Lists as people type them. Pure. */

/** Each label once, between commas. */
export function labelsIn(text: string): string[] {
  const seen = new Map<string, string>();
  for (const part of text.split(',')) {
    const label = part.trim();
    if (label !== '' && !seen.has(label.toLowerCase())) seen.set(label.toLowerCase(), label);
  }
  return [...seen.values()];
}

/** One name a line. */
export function linesIn(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** A whole number from 0 to `most`, or nothing. */
export function wholeIn(text: string, most: number): number | undefined {
  const number = /^\d{1,6}$/.test(text.trim()) ? Number(text) : Infinity;
  return number <= most ? number : undefined;
}

/** A number of degrees within ±`most`, or nothing. */
export function degreesIn(text: string, most: number): number | undefined {
  const number = /^[+-]?\d{1,3}(\.\d{1,12})?$/.test(text.trim()) ? Number(text) : Infinity;
  return Math.abs(number) <= most ? number : undefined;
}
