/** What was drawn, step by step. Pure. */
import type { Plan } from './plan';

export interface History {
  readonly past: readonly Plan[];
  readonly now: Plan;
  readonly future: readonly Plan[];
}

/** Steps that can be taken back. A plan shares with the one before it every row that is the same. */
const STEPS_MAX = 200;

export function begin(plan: Plan): History {
  return { past: [], now: plan, future: [] };
}

/** The history with one step more; an edit that changed nothing is none. */
export function step(history: History, plan: Plan): History {
  if (plan === history.now) return history;
  return { past: [...history.past, history.now].slice(-STEPS_MAX), now: plan, future: [] };
}

export function undo(history: History): History {
  const before = history.past.at(-1);
  if (!before) return history;
  return { past: history.past.slice(0, -1), now: before, future: [history.now, ...history.future] };
}

export function redo(history: History): History {
  const [next, ...future] = history.future;
  if (!next) return history;
  return { past: [...history.past, history.now], now: next, future };
}
