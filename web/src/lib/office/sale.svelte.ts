/**
 * One sale at the till, from seats that are held to tickets. The server has the hold and the payment; what is kept on this device is
 * enough to go on after a reload: the same hold, the same payment, the same answer.
 */
import { api, body, type Booking, type Lock } from '../api/client';
import { ApiError, refusal } from '../api/problem';
import { attemptFor, beginAttempt, endAttempt } from '../hold/attempt';
import { bestSeats, type Wish } from '../seats/best';

export type Method = 'cash' | 'terminal';

export interface Customer {
  user_id: string;
  name: string;
  email: string;
}

/** What became of a sale that cannot go on. */
export type Lost = 'lapsed' | 'sold' | 'closed';

interface Kept {
  show_id: string;
  lock_id?: string;
  booking_id?: string;
  customer?: Customer;
  /** In cash, and what goes back of it. */
  given?: number;
}

const KEPT = 'marquee.office.sale';

export class Sale {
  lock = $state.raw<Lock>();
  booking = $state.raw<Booking>();
  customer = $state.raw<Customer>();
  given = $state<number>();
  lost = $state<Lost>();
  busy = $state(false);
  trouble = $state.raw<unknown>();
  /** Whether a payment was begun whose outcome is not known: nothing else may be done before it is. */
  open = $state(false);
  private ahead = 0;

  /** When the hold lapses, by this device's clock. */
  until = $derived(this.lock ? Date.parse(this.lock.expiry) - this.ahead : 0);

  /** The show of the sale that this device was in the middle of. */
  static interrupted(): string | undefined {
    return kept()?.show_id;
  }

  /** Goes on where a reload broke off. */
  async resume(): Promise<void> {
    const was = kept();
    if (!was) return;
    this.customer = was.customer;
    this.given = was.given;
    await this.work(async () => {
      if (was.booking_id) this.booking = await read(was.booking_id);
      else if (was.lock_id && attemptFor(was.lock_id)) await this.settle(was.show_id, was.lock_id);
      else if (was.lock_id) {
        const params = { path: { lock_id: was.lock_id } };
        this.hold(await answered(api.GET('/api/v1/locks/{lock_id}', { params })));
      }
    });
  }

  /** Holds the best seats for `wish`. */
  best(show_id: string, wish: Wish): Promise<void> {
    return this.work(async () => {
      // Those that are held count among the best again.
      const old = this.lock?.lock_id;
      if (old) {
        this.forget();
        await release(old);
      }
      await this.place(show_id, await bestSeats(show_id, wish));
    });
  }

  /** Holds these seats, in place of those that were held. */
  take(show_id: string, seats: string[]): Promise<void> {
    return this.work(() => this.place(show_id, seats));
  }

  private async place(show_id: string, seats: string[]): Promise<void> {
    const old = this.lock?.lock_id;
    const call = api.POST('/api/v1/shows/{show_id}/reserve', {
      params: { path: { show_id } },
      body: { seats, ...this.forWhom() },
    });
    this.hold(await answered(call));
    if (old) await release(old);
  }

  /** Sells to `customer`, or to whoever stands at the till. Seats that are held change hands. */
  async sellTo(customer: Customer | undefined): Promise<void> {
    if (this.customer?.user_id === customer?.user_id) return;
    this.customer = customer;
    const lock = this.lock;
    if (!lock) return;
    await this.work(async () => {
      this.lock = undefined;
      await release(lock.lock_id);
      await this.place(
        lock.show_id,
        lock.seats.map((seat) => seat.seat_id),
      );
    });
  }

  /** Books what is held: the clerk has the money. Asked again after a lost answer, it is the same payment. */
  async pay(method: Method, given?: number): Promise<void> {
    const lock = this.lock;
    if (!lock || this.busy) return;
    this.given = given;
    if (!attemptFor(lock.lock_id)) beginAttempt(lock.lock_id, `pm_till_${method}`);
    this.keep();
    await this.work(() => this.settle(lock.show_id, lock.lock_id));
  }

  private async settle(show_id: string, lock_id: string): Promise<void> {
    const attempt = attemptFor(lock_id);
    if (!attempt) return;
    this.open = true;
    const call = await api.POST('/api/v1/booking', {
      params: { header: { 'Idempotency-Key': attempt.key } },
      body: { lock_id, payment_token: attempt.token, ...this.forWhom() },
    });
    const error = call.data ? undefined : refusal(call.response, call.error);
    const verdict = !error || (error.status >= 400 && error.status < 500 && error.status !== 429);
    if (verdict) {
      endAttempt(lock_id);
      this.open = false;
    }
    if (error?.code === 'seats_unavailable') {
      this.lost = 'sold';
      this.forget();
      return;
    }
    if (!call.data) throw error;
    this.booking = call.data;
    this.lock = undefined;
    keep({
      show_id,
      booking_id: call.data.booking_id,
      ...(this.given === undefined ? {} : { given: this.given }),
    });
  }

  /** Asks once more for an outcome that is not known, or how a pending booking stands by now. */
  again(): Promise<void> {
    return this.work(async () => {
      const was = kept();
      if (this.booking) this.booking = await read(this.booking.booking_id);
      else if (was?.lock_id) await this.settle(was.show_id, was.lock_id);
    });
  }

  /** More time to pay. */
  extend(): Promise<void> {
    const lock_id = this.lock?.lock_id;
    if (!lock_id) return Promise.resolve();
    const params = { path: { lock_id } };
    return this.work(async () =>
      this.hold(await answered(api.POST('/api/v1/locks/{lock_id}/extend', { params, body: {} }))),
    );
  }

  lapse(): void {
    this.lost = 'lapsed';
    this.forget();
  }

  /** Begins anew. What is held is free again; what was sold stays sold. */
  async begin(): Promise<void> {
    const lock_id = this.lock?.lock_id;
    this.forget();
    this.customer = this.booking = this.given = this.lost = this.trouble = undefined;
    if (lock_id) await release(lock_id);
  }

  private forget(): void {
    this.lock = undefined;
    this.open = false;
    localStorage.removeItem(KEPT);
  }

  private forWhom() {
    return this.customer ? { user_id: this.customer.user_id } : {};
  }

  private hold({ data: lock, response }: { data: Lock; response: Response }): void {
    const date = Date.parse(response.headers.get('date') ?? '');
    const ahead = Number.isNaN(date) ? 0 : date - Date.now();
    this.ahead = Math.abs(ahead) < 2000 ? 0 : ahead;
    this.lock = lock;
    this.lost = undefined;
    this.keep();
  }

  private keep(): void {
    if (!this.lock) return;
    keep({
      show_id: this.lock.show_id,
      lock_id: this.lock.lock_id,
      ...(this.customer ? { customer: this.customer } : {}),
      ...(this.given === undefined ? {} : { given: this.given }),
    });
  }

  private async work(step: () => Promise<void>): Promise<void> {
    [this.busy, this.trouble] = [true, undefined];
    try {
      await step();
    } catch (error) {
      this.refused(error);
    } finally {
      this.busy = false;
    }
  }

  private refused(error: unknown): void {
    const code = error instanceof ApiError ? error.code : '';
    if (code === 'lock_expired' || code === 'lock_not_found') this.lapse();
    else if (code === 'show_not_on_sale') {
      this.lost = 'closed';
      this.forget();
    } else this.trouble = error;
  }
}

async function answered(
  call: Promise<{ data?: Lock; error?: unknown; response: Response }>,
): Promise<{ data: Lock; response: Response }> {
  const { data, error, response } = await call;
  if (!data) throw refusal(response, error);
  return { data, response };
}

function read(booking_id: string): Promise<Booking> {
  return body(api.GET('/api/v1/booking/{booking_id}', { params: { path: { booking_id } } }));
}

/** What cannot be given up lapses by itself. */
async function release(lock_id: string): Promise<void> {
  await body(api.DELETE('/api/v1/locks/{lock_id}', { params: { path: { lock_id } } })).catch(() => undefined);
}

function kept(): Kept | undefined {
  try {
    return (JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Kept | null) ?? undefined;
  } catch {
    return undefined;
  }
}

function keep(sale: Kept): void {
  localStorage.setItem(KEPT, JSON.stringify(sale));
}
