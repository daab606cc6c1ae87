/**
 * A gate at work. Each ticket is asked of the server; while it does not answer, the lists that were taken along decide, and the
 * server is told afterwards. What it is told twice, it knows by the scan's nonce.
 */
import { api, body } from '../api/client';
import type { Show } from '../api/client';
import { ApiError, refusal, unreachable, type Problem } from '../api/problem';
import { shows } from '../api/browse';
import {
  conflicts,
  count,
  enteredAfter,
  judge,
  withEntry,
  type DoorList,
  type Entry,
  type Verdict,
} from './door';
import { all, put, remove, type Scan } from './store';
import { read, type TicketKey } from './token';

/** Where the gate is. */
export interface Post {
  cinema_id: string;
  cinema: string;
  timezone: string;
  /** None: every show of the day. */
  show_id?: string;
  /** What is behind it, for people. */
  title: string;
  gate: string;
}

const KEPT = 'marquee.gate';
/** Guests wait: after that the gate decides by itself. */
const ANSWER_MS = 4_000;
const REFRESH_EVERY_MS = 20_000;
/** The same ticket before the same camera is not scanned anew before it was away for so long. */
const SAME_MS = 4_000;
const DAY_MS = 24 * 3600_000;
/** Doors open so long before a show starts. */
const OPENS_MS = 4 * 3600_000;
/** How long a list is kept after its show. */
const LIST_KEPT_MS = DAY_MS;

/** The facts of a ticket that the server sends along. */
interface Facts {
  label: string;
  show_id: string;
  movie_title: string;
  screen_name: string;
  cinema_name: string;
  start_time: string;
}

class Gate {
  post = $state.raw<Post | null>(readPost());
  verdict = $state.raw<Verdict | null>(null);
  /** Whether a ticket is being asked about. */
  busy = $state(false);
  /** Whether the server answered when it was last asked. */
  reached = $state(true);
  /** Why the server does not take what this gate tells. */
  trouble = $state.raw<unknown>();
  lists = $state.raw<DoorList[]>([]);
  waiting = $state.raw<Scan[]>([]);

  private keys: TicketKey[] = [];
  /** Whom this gate let in since the lists were made. */
  private entered = $state.raw<ReadonlyMap<string, Entry>>(new Map());
  /** How far the server's clock is ahead of this one, in milliseconds. */
  private ahead = 0;
  private last = { token: '', at: 0 };
  private sending: Promise<void> | undefined;

  count = $derived(count(this.lists, this.entered));
  conflicts = $derived(conflicts(this.lists));

  /** What was kept from before: lists, and scans that the server does not know of. */
  async restore(): Promise<void> {
    const [lists, waiting, keys] = await Promise.all([all('lists'), all('scans'), all('keys')]);
    const old = Date.now() - LIST_KEPT_MS;
    for (const { show_id, closes_at } of lists)
      if (Date.parse(closes_at) < old) void remove('lists', show_id);
    this.keys = keys[0]?.keys ?? [];
    this.waiting = waiting;
    this.lists = this.post ? lists.filter(({ show_id }) => this.isBehind(show_id)) : [];
    this.remember(waiting);
  }

  open(post: Post): void {
    this.post = post;
    this.lists = [];
    this.verdict = null;
    localStorage.setItem(KEPT, JSON.stringify(post));
  }

  close(): void {
    this.post = null;
    this.verdict = null;
    localStorage.removeItem(KEPT);
  }

  /** Until the function that it answers with is called: lists are renewed and scans sent. */
  work(): () => void {
    const turn = () => {
      if (document.visibilityState === 'visible') void this.renew();
    };
    const timer = setInterval(turn, REFRESH_EVERY_MS);
    addEventListener('online', turn);
    document.addEventListener('visibilitychange', turn);
    void this.restore()
      .catch((error: unknown) => (this.trouble = error))
      .then(turn);
    return () => {
      clearInterval(timer);
      removeEventListener('online', turn);
      document.removeEventListener('visibilitychange', turn);
    };
  }

  /** Sends what waits, then reads the lists again. */
  async renew(): Promise<void> {
    await this.send();
    if (!this.post) return;
    try {
      const asked = Date.now();
      const behind = await this.showsBehind();
      const keysAsked = body(api.GET('/api/v1/tickets/keys'));
      const [{ keys }, ...lists] = await Promise.all([keysAsked, ...behind.map(doorList)]);
      this.ahead = clockAhead(lists, asked);
      // With a list but no keys every ticket would be a stranger's: the gate has both, and for a reload, before it says so.
      try {
        await Promise.all([put('keys', { id: 'keys', keys }), ...lists.map((list) => put('lists', list))]);
      } finally {
        [this.keys, this.lists] = [keys, lists];
        this.forgetListed(Math.min(...lists.map(({ as_of }) => Date.parse(as_of))));
      }
      [this.reached, this.trouble] = [true, undefined];
    } catch (error) {
      this.failed(error);
    }
  }

  /** A code was seen: the verdict is `verdict` when this is over. The same ticket before the camera counts once. */
  async see(token: string): Promise<Verdict | undefined> {
    const again = token === this.last.token && Date.now() - this.last.at < SAME_MS;
    if (again) this.last.at = Date.now();
    if (again || this.busy) return undefined;
    return this.scan(token);
  }

  async scan(token: string): Promise<Verdict | undefined> {
    const post = this.post;
    if (!post || this.busy) return undefined;
    this.busy = true;
    this.last = { token, at: Date.now() };
    try {
      const scanned_at = new Date(this.now()).toISOString();
      const { cinema_id, show_id, gate } = post;
      const scan: Scan = { nonce: crypto.randomUUID(), token, gate, scanned_at, cinema_id, ticket_id: '' };
      if (show_id !== undefined) scan.show_id = show_id;
      this.verdict = (await this.ask(scan)) ?? (await this.decide(scan));
      return this.verdict;
    } finally {
      this.busy = false;
      this.last.at = Date.now();
    }
  }

  /** The server's verdict; none when it does not give one in time. */
  private async ask(scan: Scan): Promise<Verdict | undefined> {
    if (!navigator.onLine) {
      this.reached = false;
      return undefined;
    }
    try {
      const verdict = await within(ANSWER_MS, tell(scan, false, AbortSignal.timeout(ANSWER_MS)));
      [this.reached, this.trouble] = [true, undefined];
      if (verdict.ticket_id && verdict.kind === 'in') this.enter(verdict.ticket_id, scan);
      return verdict;
    } catch (error) {
      if (error instanceof ApiError && error.status === 403)
        return { kind: 'out', code: 'forbidden', label: '' };
      this.failed(error);
      return undefined;
    }
  }

  /** The gate's own verdict. Whom it lets in the server is told of later. */
  private async decide(scan: Scan): Promise<Verdict> {
    if (this.lists.length === 0) return { kind: 'out', code: 'no_list', label: '' };
    const reading = await read(scan.token, this.keys);
    if ('code' in reading) return { kind: 'out', code: reading.code, label: '' };
    const { claims } = reading;
    const list = this.lists.find(({ show_id }) => show_id === claims.show_id);
    const verdict = judge(claims, list, this.entered, Date.parse(scan.scanned_at));
    if (verdict.kind !== 'later') return verdict;
    const kept = { ...scan, ticket_id: claims.ticket_id };
    // First on the device: nobody is let in of whom nothing is known after a reload.
    try {
      await put('scans', kept);
    } catch {
      return { ...verdict, kind: 'out', code: 'not_kept' };
    }
    this.waiting = [...this.waiting, kept];
    this.enter(claims.ticket_id, scan);
    return verdict;
  }

  /** Tells the server whom the gate let in by itself, in the order in which it did. */
  send(): Promise<void> {
    this.sending ??= this.sendAll().finally(() => (this.sending = undefined));
    return this.sending;
  }

  private async sendAll(): Promise<void> {
    for (const scan of this.waiting) {
      try {
        await tell(scan, true, AbortSignal.timeout(4 * ANSWER_MS));
      } catch (error) {
        // What is not valid never will be; everything else is tried again.
        if (!(error instanceof ApiError && error.status === 422)) return this.failed(error);
        this.trouble = error;
      }
      await remove('scans', scan.nonce);
      this.waiting = this.waiting.filter(({ nonce }) => nonce !== scan.nonce);
    }
  }

  private failed(error: unknown): void {
    const unanswered = !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
    if (unanswered) this.reached = false;
    else this.trouble = error;
  }

  private enter(ticket_id: string, { gate, scanned_at }: Scan): void {
    this.entered = withEntry(this.entered, ticket_id, { gate, scanned_at });
  }

  /** Whom the lists have that were made then; a clock may be off, and what waits is in none. */
  private forgetListed(as_of: number): void {
    this.entered = enteredAfter(this.entered, as_of - ANSWER_MS);
    this.remember(this.waiting);
  }

  private remember(scans: Scan[]): void {
    for (const scan of scans) this.enter(scan.ticket_id, scan);
  }

  private isBehind(show_id: string): boolean {
    return this.post?.show_id === undefined || this.post.show_id === show_id;
  }

  private async showsBehind(): Promise<string[]> {
    const post = this.post;
    if (!post) return [];
    if (post.show_id !== undefined) return [post.show_id];
    return (await showsAtTheDoor(post, this.now())).map(({ show_id }) => show_id);
  }

  private now(): number {
    return Date.now() + this.ahead;
  }
}

/** What a gate of that cinema may lead to now: what is on today by the cinema's clock, and what is near on either side of midnight. */
export async function showsAtTheDoor(
  { cinema_id, timezone }: Pick<Post, 'cinema_id' | 'timezone'>,
  now = Date.now(),
): Promise<Show[]> {
  // Canada writes dates as the API does.
  const dates = new Intl.DateTimeFormat('en-CA', { timeZone: timezone });
  const [yesterday = [], today = [], tomorrow = []] = await Promise.all(
    [-DAY_MS, 0, DAY_MS].map((days) => shows({ cinema_id, date: dates.format(now + days) })),
  );
  return [...yesterday, ...today, ...tomorrow.filter((show) => Date.parse(show.start_time) < now + OPENS_MS)];
}

/** What `answer` brings, or a failure when it takes longer than `ms`. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, fail) => setTimeout(() => fail(unreachable()), ms));
  return Promise.race([answer, late]);
}

async function doorList(show_id: string): Promise<DoorList> {
  return body(api.GET('/api/v1/shows/{show_id}/admissions', { params: { path: { show_id } } }));
}

/** By the server's newest word; half of what the question took is how far that may be off. */
function clockAhead(lists: DoorList[], asked: number): number {
  const told = lists.map(({ as_of }) => Date.parse(as_of));
  if (told.length === 0) return 0;
  const between = (asked + Date.now()) / 2;
  const ahead = Math.max(...told) - between;
  return Math.abs(ahead) < 2_000 ? 0 : ahead;
}

/** Tells the server of a scan: its verdict. A refusal is one; anything else that is wrong is thrown. */
async function tell(
  scan: Scan,
  let_in: boolean,
  signal: AbortSignal,
): Promise<Verdict & { ticket_id?: string }> {
  const { nonce, token, gate, scanned_at, cinema_id, show_id } = scan;
  const where = show_id === undefined ? { cinema_id } : { cinema_id, show_id };
  const call = await api.POST('/api/v1/admissions', {
    body: { nonce, token, gate, scanned_at, let_in, ...where },
    signal,
  });
  if (call.data) {
    const { ticket, reference, category, party } = call.data;
    return {
      kind: 'in',
      code: 'admitted',
      ticket_id: ticket.ticket_id,
      ...facts(ticket),
      reference,
      category,
      party,
    };
  }
  const error = refusal(call.response, call.error);
  if (error.status !== 409) throw error;
  return refused(error.code, error.problem);
}

function facts({ label, show_id, movie_title, screen_name, cinema_name, start_time }: Facts) {
  return { label, show_id, title: movie_title, screen: screen_name, cinema: cinema_name, start_time };
}

function refused(code: string, problem: Partial<Problem>): Verdict {
  const more = problem as {
    ticket?: Facts;
    gate?: string;
    scanned_at?: string;
    opens_at?: string;
    closed_at?: string;
  };
  const { ticket, gate, scanned_at, opens_at, closed_at } = more;
  return {
    kind: 'out',
    code,
    label: '',
    ...(ticket && facts(ticket)),
    ...(gate !== undefined && scanned_at !== undefined && { entry: { gate, scanned_at } }),
    ...(opens_at !== undefined && { opens_at }),
    ...(closed_at !== undefined && { closed_at }),
  };
}

function readPost(): Post | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Post | null;
  } catch {
    return null;
  }
}

export const gate = new Gate();
