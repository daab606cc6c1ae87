/** The seats that somebody is choosing, and what has to be said about them. */
import { SvelteSet } from 'svelte/reactivity';
import type { Money } from '../api/client';
import { instead, leftAlone, type House } from './house';
import type { Live } from './live.svelte';

/** The server has a limit of its own, which is this by default. */
export const SEATS_MAX = 10;

export type Refusal = { kind: 'taken'; labels: string[] } | { kind: 'tooMany' } | undefined;

/** What `seats` cost together; nothing when there are none. */
export function totalOf(house: House, seats: readonly number[]): Money | undefined {
  const prices = seats.flatMap((index) => house.seats[index]?.price ?? []);
  const [first] = prices;
  return first && { amount: prices.reduce((sum, { amount }) => sum + amount, 0), currency: first.currency };
}

export class Choice {
  readonly seats = new SvelteSet<number>();
  refusal = $state.raw<Refusal>();
  /** Whether somebody wanted to go on with a choice that leaves a seat alone. */
  insisted = $state(false);

  constructor(
    private readonly house: House,
    private readonly live: Live,
  ) {}

  labels = $derived.by(() => this.sorted().map((index) => this.house.seats[index]?.label ?? ''));

  lone = $derived.by(() => {
    void this.live.tick;
    return leftAlone(this.house, this.live.free, this.seats);
  });

  /** What to take instead of a choice that leaves a seat alone; nothing when the choice is good, or the best there is. */
  better = $derived.by(() => {
    if (this.lone.length === 0) return undefined;
    return instead(this.house, this.live.free, this.sorted());
  });

  total = $derived.by((): Money | undefined => totalOf(this.house, this.sorted()));

  sorted(): number[] {
    return [...this.seats].sort((a, b) => a - b);
  }

  ids(): string[] {
    return this.sorted().flatMap((index) => this.house.seats[index]?.seat_id ?? []);
  }

  toggle = (index: number): void => {
    this.refusal = undefined;
    this.insisted = false;
    if (this.seats.delete(index)) return;
    if (!this.live.free(index)) return;
    if (this.seats.size >= SEATS_MAX) this.refusal = { kind: 'tooMany' };
    else this.seats.add(index);
  };

  take(seats: readonly number[]): void {
    this.refusal = undefined;
    this.insisted = false;
    this.seats.clear();
    for (const index of seats) if (this.live.free(index)) this.seats.add(index);
  }

  takeIds(ids: readonly string[]): void {
    this.take(ids.flatMap((id) => this.house.indexOf.get(id) ?? []).slice(0, SEATS_MAX));
  }

  /** Lets go of seats that somebody else was faster to take. */
  drop(lost: readonly number[]): void {
    if (lost.length === 0) return;
    this.refusal = { kind: 'taken', labels: lost.map((index) => this.house.seats[index]?.label ?? '') };
    for (const index of lost) this.seats.delete(index);
  }
}
