/** A plain hall as it is asked for in a form. Pure. */
import { CATEGORY_FIRST, type Hall } from './edit';
import { LIMITS } from './plan';

export interface Wanted {
  rows: string;
  seats: string;
  aisles: string;
  category: string;
}

export const PLAIN: Wanted = { rows: '10', seats: '16', aisles: '4, 12', category: CATEGORY_FIRST };

export type WantedField = keyof Wanted;

/** The fields that are not as they must be. */
export function wrong(wanted: Wanted): WantedField[] {
  const found: WantedField[] = [];
  if (!whole(wanted.rows, LIMITS.rows)) found.push('rows');
  const aisles = aislesIn(wanted.aisles);
  if (!aisles) found.push('aisles');
  if (!whole(wanted.seats, LIMITS.places - (aisles?.length ?? 0))) found.push('seats');
  const chars = Array.from(wanted.category.trim()).length;
  if (chars === 0 || chars > LIMITS.categoryChars) found.push('category');
  return found;
}

export function hallIn(wanted: Wanted): Hall | undefined {
  if (wrong(wanted).length > 0) return undefined;
  return {
    rows: Number(wanted.rows),
    seats: Number(wanted.seats),
    aisles: aislesIn(wanted.aisles) ?? [],
    category: wanted.category.trim(),
  };
}

function whole(text: string, most: number): boolean {
  const number = /^\d{1,4}$/.test(text.trim()) ? Number(text) : 0;
  return number >= 1 && number <= most;
}

function aislesIn(text: string): number[] | undefined {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  return parts.every((part) => whole(part, LIMITS.places)) ? parts.map(Number) : undefined;
}
