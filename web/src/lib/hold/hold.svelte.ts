/**
 * The seats that are held for whoever sits here, the same in every tab: `localStorage` carries the hold from tab to tab and over a
 * reload, the server's expiry decides when it is over, and the clock here is for display.
 */
import { api, body, type Lock } from '../api/client';
import { ApiError, refusal } from '../api/problem';

const KEPT = 'marquee.hold';

interface Kept {
  lock: Lock;
  film: string;
  genres: string[];
  /** How far the server's clock is ahead of this one, in milliseconds. */
  ahead: number;
}

class Hold {
  kept = $state.raw<Kept | null>(read());
  private now = $state(Date.now());

  /** Seconds until it lapses; 0 when it has. */
  left = $derived.by(() => {
    if (!this.kept) return 0;
    const until = Date.parse(this.kept.lock.expiry) - this.kept.ahead;
    return Math.max(0, Math.ceil((until - this.now) / 1000));
  });
  lapsed = $derived(this.kept !== null && this.left === 0);

  constructor() {
    setInterval(() => (this.now = Date.now()), 250);
    addEventListener('storage', (event) => {
      if (event.key === KEPT) this.kept = read();
    });
  }

  /** Holds `seats`; all of them or none. */
  async place(show_id: string, seats: string[], film: string, genres: string[]): Promise<Lock> {
    const call = await api.POST('/api/v1/shows/{show_id}/reserve', {
      params: { path: { show_id } },
      body: { seats },
    });
    if (!call.data) throw refusal(call.response, call.error);
    this.keep(call.data, call.response, film, genres);
    return call.data;
  }

  /** Reads the hold again: for a reload, another device, or a clock that jumped. */
  async read(lock_id: string): Promise<Lock> {
    const call = await api.GET('/api/v1/locks/{lock_id}', { params: { path: { lock_id } } });
    if (!call.data) throw refusal(call.response, call.error);
    const known = this.kept?.lock.lock_id === lock_id ? this.kept : undefined;
    this.keep(call.data, call.response, known?.film ?? '', known?.genres ?? []);
    return call.data;
  }

  /** More time; whether there was any to be had. */
  async extend(): Promise<boolean> {
    const kept = this.kept;
    if (!kept) return false;
    const call = await api.POST('/api/v1/locks/{lock_id}/extend', {
      params: { path: { lock_id: kept.lock.lock_id } },
      body: {},
    });
    if (!call.data) throw refusal(call.response, call.error);
    this.keep(call.data, call.response, kept.film, kept.genres);
    return Date.parse(call.data.expiry) - Date.parse(kept.lock.expiry) > 1000;
  }

  /** Gives the seats up. */
  async release(): Promise<void> {
    const lock_id = this.kept?.lock.lock_id;
    this.forget();
    if (lock_id !== undefined) await this.releaseOther(lock_id);
  }

  /** Gives up a hold that another one has taken the place of. One that cannot be given up lapses by itself. */
  async releaseOther(lock_id: string): Promise<void> {
    await body(api.DELETE('/api/v1/locks/{lock_id}', { params: { path: { lock_id } } })).catch(
      (error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
      },
    );
  }

  /** Forgets a hold that is over, here alone. */
  forget(): void {
    this.kept = null;
    localStorage.removeItem(KEPT);
  }

  private keep(lock: Lock, response: Response, film: string, genres: string[]): void {
    const date = Date.parse(response.headers.get('date') ?? '');
    const ahead = Number.isNaN(date) ? 0 : date - Date.now();
    // A Date header has whole seconds; what is less than that is not a clock that is wrong.
    this.kept = { lock, film, genres, ahead: Math.abs(ahead) < 2000 ? 0 : ahead };
    this.now = Date.now();
    localStorage.setItem(KEPT, JSON.stringify(this.kept));
  }
}

function read(): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Kept | null;
  } catch {
    return null;
  }
}

/** Minutes and seconds, as on a clock. */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

export const hold = new Hold();
