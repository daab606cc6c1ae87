/** A day of a cinema as a timeline: where shows stand on it, and what stands in whose way. Pure. */

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
/** Where shows start, when they are moved. */
export const STEP = 5 * MINUTE;

/** The time that a show takes on its screen. */
export interface Slot {
  id: string;
  screen: string;
  start: number;
  end: number;
}

/**
 * The shows of `others` on the screen of `slot` that are too close to it, by the rule of the server: `gap` is how long a screen stands
 * empty between two shows.
 */
export function clashes<S extends Slot>(slot: Slot, others: readonly S[], gap: number): S[] {
  return others.filter(
    (other) =>
      other.id !== slot.id &&
      other.screen === slot.screen &&
      other.start < slot.end + gap &&
      other.end > slot.start - gap,
  );
}

/** The same slot from `start` on. */
export function movedTo<S extends Slot>(slot: S, start: number): S {
  return { ...slot, start, end: start + slot.end - slot.start };
}

/** The nearest time for a start, `midnight` being when the day begins. */
export function snap(instant: number, midnight: number, step = STEP): number {
  return midnight + Math.round((instant - midnight) / step) * step;
}

/** The first start from `from` on at which `length` fits on the screen. */
export function firstFree(
  screen: string,
  from: number,
  length: number,
  slots: readonly Slot[],
  gap: number,
  midnight: number,
): number {
  let start = midnight + Math.ceil((from - midnight) / STEP) * STEP;
  // Each step goes past a show: there are no more steps than shows.
  for (let steps = 0; steps <= slots.length; steps++) {
    const inTheWay = clashes({ id: '', screen, start, end: start + length }, slots, gap);
    if (inTheWay.length === 0) break;
    const after = Math.max(...inTheWay.map((slot) => slot.end)) + gap;
    start = midnight + Math.ceil((after - midnight) / STEP) * STEP;
  }
  return start;
}

/** What of a day is shown. */
export interface Window {
  from: number;
  to: number;
}

/** Hours after midnight that a timeline shows when nothing runs, and the most it shows. */
const OPENS = 9;
const CLOSES = 25;
const CLOSES_MAX = 30;

/** From which hour to which the day that begins at `midnight` is shown, so that all that starts in it is. */
export function windowOf(midnight: number, slots: readonly Slot[], next: number): Window {
  const ofDay = slots.filter((slot) => slot.start >= midnight && slot.start < next);
  const hours = (instant: number) => (instant - midnight) / HOUR;
  const first = Math.min(OPENS, ...ofDay.map((slot) => Math.floor(hours(slot.start))));
  const last = Math.max(CLOSES, ...ofDay.map((slot) => Math.ceil(hours(slot.end))));
  return { from: midnight + first * HOUR, to: midnight + Math.min(last, CLOSES_MAX) * HOUR };
}

/** Every full hour of a window, the last one too. */
export function hoursOf(window: Window): number[] {
  return Array.from({ length: (window.to - window.from) / HOUR + 1 }, (_, hour) => window.from + hour * HOUR);
}

/** The show that an arrow key leads to: the next or the one before, screen by screen as the page lists them. */
export function neighbour(
  slots: readonly Slot[],
  screens: readonly string[],
  from: string,
  step: 1 | -1,
): string {
  const order = slots.toSorted(
    (a, b) => screens.indexOf(a.screen) - screens.indexOf(b.screen) || a.start - b.start,
  );
  const at = order.findIndex(({ id }) => id === from);
  return order[at + step]?.id ?? from;
}
