/** What was drawn and not saved, kept on the device over a reload. */
import { read, write, type Plan, type WrittenRow } from './plan';

export interface Draft {
  /** The version of the layout that it was drawn from. */
  version: number;
  plan: Plan;
}

const key = (screen_id: string) => `marquee.layout.${screen_id}`;

export function keepDraft(screen_id: string, { version, plan }: Draft): void {
  try {
    localStorage.setItem(key(screen_id), JSON.stringify({ version, rows: write(plan) }));
  } catch {
    // No room on the device: then it is not kept.
  }
}

export function dropDraft(screen_id: string): void {
  localStorage.removeItem(key(screen_id));
}

export function draftOf(screen_id: string): Draft | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(key(screen_id)) ?? 'null') as {
      version: number;
      rows: WrittenRow[];
    } | null;
    return kept ? { version: kept.version, plan: read(kept.rows) } : undefined;
  } catch {
    return undefined;
  }
}
