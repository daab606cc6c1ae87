/** Whom a gate lets in that has no network: pure rules over the lists it took along. The server has the last word. */
import type { components } from '../api/schema';
import type { Claims } from './token';

export type DoorList = components['schemas']['DoorList'];

/** When and where somebody was let in. */
export interface Entry {
  gate: string;
  scanned_at: string;
}

/** What a guard is told; `ticket` is what the ticket is for, as far as it is known. */
export interface Verdict {
  /** `later`: let in, and the server is told afterwards. */
  kind: 'in' | 'later' | 'out';
  code: string;
  label: string;
  show_id?: string;
  title?: string;
  screen?: string;
  cinema?: string;
  start_time?: string;
  reference?: string;
  category?: string;
  party?: number;
  entry?: Entry;
  opens_at?: string;
  closed_at?: string;
}

/** What may have been claimed before the list was made, and confirmed after it: a call takes no longer, in milliseconds. */
const CLAIM_MS = 15_000;

/**
 * The verdict on a genuine ticket as of `now` by the server's clock, from the list of its show and whom this gate let in
 * since (`entered`, by ticket). No list: the ticket is of no show behind this gate.
 */
export function judge(claims: Claims, list: DoorList | undefined, entered: Entries, now: number): Verdict {
  const show = list && { title: list.movie_title, screen: list.screen_name, start_time: list.start_time };
  const said = { label: claims.label, show_id: claims.show_id, ...show };
  const out = (code: string, more: Partial<Verdict> = {}): Verdict => ({
    kind: 'out',
    code,
    ...said,
    ...more,
  });
  if (!list) return out('ticket_of_other_show');
  if (list.cancelled) return out('ticket_cancelled');
  const ticket = list.tickets.find((one) => one.ticket_id === claims.ticket_id);
  const soldSince = bornAt(claims.booking_id) > Date.parse(list.as_of) - CLAIM_MS;
  if (!ticket && !soldSince) return out('ticket_cancelled');
  const entry = entered.get(claims.ticket_id) ?? ticket?.admission ?? undefined;
  if (entry) return out('already_admitted', { entry });
  if (now < Date.parse(list.opens_at)) return out('admission_not_open', { opens_at: list.opens_at });
  if (now >= Date.parse(list.closes_at)) return out('admission_over', { closed_at: list.closes_at });
  const known = ticket && { reference: ticket.reference, category: ticket.category };
  return { kind: 'later', code: 'admitted', ...said, ...known };
}

/** When an id was born, in milliseconds: its first 48 bits (RFC 9562, version 7). */
export function bornAt(id: string): number {
  return parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

type Entries = ReadonlyMap<string, Entry>;

/** `entered`, and one more. */
export function withEntry(entered: Entries, ticket_id: string, entry: Entry): Entries {
  return new Map(entered).set(ticket_id, entry);
}

/** Those of `entered` who came after that moment, in milliseconds. */
export function enteredAfter(entered: Entries, moment: number): Entries {
  return new Map([...entered].filter(([, { scanned_at }]) => Date.parse(scanned_at) > moment));
}

/** Tickets of the lists, and how many of them are in, with those whom the server does not know of yet. */
export function count(lists: readonly DoorList[], entered: Entries) {
  let [total, inside] = [0, 0];
  for (const { tickets } of lists)
    for (const { ticket_id, admission } of tickets) {
      total += 1;
      if (admission || entered.has(ticket_id)) inside += 1;
    }
  return { total, inside };
}

/** A guest who was let in without a network and should not have been, beside the one who was first. */
export interface Conflict {
  key: string;
  label: string;
  code: string;
  here: Entry;
  first: Entry | undefined;
}

/** What of the lists is contested, newest first. */
export function conflicts(lists: readonly DoorList[]): Conflict[] {
  const found = lists.flatMap(({ tickets, contested }) =>
    contested.map((one) => {
      const ticket = tickets.find(({ ticket_id }) => ticket_id === one.ticket_id);
      const { code, gate, scanned_at } = one;
      return {
        key: `${one.ticket_id} ${gate} ${scanned_at}`,
        label: ticket?.label ?? '',
        code,
        here: { gate, scanned_at },
        first: ticket?.admission ?? undefined,
      };
    }),
  );
  return found.sort((a, b) => (a.here.scanned_at < b.here.scanned_at ? 1 : -1));
}
