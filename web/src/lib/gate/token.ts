/**
 * What the code on a ticket holds, read and proved without a network: `crates/tickets/src/token.rs` has the layout byte by byte. This
 * is all that is known in the browser of how tickets are signed.
 */

/** What a genuine ticket states. */
export interface Claims {
  ticket_id: string;
  booking_id: string;
  show_id: string;
  label: string;
}

/** A key as the server publishes it, in hexadecimal digits. */
export interface TicketKey {
  kid: string;
  public_key: string;
}

export type Reading =
  { claims: Claims } | { code: 'ticket_unreadable' | 'ticket_forged' | 'ticket_unknown' | 'unproved' };

const KID_AT = 1;
const TICKET_AT = 5;
const BOOKING_AT = 21;
const SHOW_AT = 37;
const LABEL_AT = 53;
const LABEL_BYTES_MAX = 24;
const SIGNATURE_BYTES = 64;
const NODE_BYTES = 16;
const PATH_NODES_MAX = 7;

type Bytes = Uint8Array<ArrayBuffer>;

/** A token's bytes, cut into what is stated, what was signed, and by what. */
interface Parts {
  head: Bytes;
  signed: Bytes;
  signature: Bytes;
}

/** What `token` states, once it is certain that one of `keys` signed it. */
export async function read(token: string, keys: readonly TicketKey[]): Promise<Reading> {
  const parts = await take(token);
  if (!parts) return { code: 'ticket_unreadable' };
  const kid = hex(parts.head.subarray(KID_AT, TICKET_AT));
  const known = keys.filter((key) => key.kid === kid);
  if (known.length === 0) return { code: 'ticket_unknown' };
  let signed = false;
  try {
    for (const key of known) signed ||= await verifies(key, parts);
  } catch {
    // An old browser does not know Ed25519.
    return { code: 'unproved' };
  }
  if (!signed) return { code: 'ticket_forged' };
  const { head } = parts;
  const label = new TextDecoder().decode(head.subarray(LABEL_AT));
  return {
    claims: {
      ticket_id: id(head, TICKET_AT),
      booking_id: id(head, BOOKING_AT),
      show_id: id(head, SHOW_AT),
      label,
    },
  };
}

async function verifies(key: TicketKey, { signed, signature }: Parts): Promise<boolean> {
  const imported = await crypto.subtle.importKey('raw', unhex(key.public_key), 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', imported, signature, signed);
}

async function take(token: string): Promise<Parts | undefined> {
  const [prefix = '', text = ''] = token.split('.', 2);
  const bytes = unbase64(text);
  if (!bytes || `${prefix}.${text}` !== token) return undefined;
  if (prefix === 'mq1' && bytes[0] === 1) return alone(bytes);
  if (prefix === 'mq2' && bytes[0] === 2) return together(bytes);
  return undefined;
}

/** A ticket with a signature of its own. */
function alone(bytes: Bytes): Parts | undefined {
  const head = bytes.subarray(0, Math.max(0, bytes.length - SIGNATURE_BYTES));
  if (!hasLabel(head)) return undefined;
  return { head, signed: joined(ascii('marquee ticket v1'), head), signature: bytes.subarray(head.length) };
}

/** One of several that were signed together: the signature is over the root of a tree, to which a path leads from the ticket. */
async function together(bytes: Bytes): Promise<Parts | undefined> {
  const [place, nodes] = [bytes.at(-2) ?? 0, bytes.at(-1) ?? 0];
  const pathAt = bytes.length - 2 - SIGNATURE_BYTES - nodes * NODE_BYTES;
  const head = bytes.subarray(0, Math.max(0, pathAt));
  if (nodes > PATH_NODES_MAX || place >= 2 ** nodes || !hasLabel(head)) return undefined;
  const signatureAt = pathAt + nodes * NODE_BYTES;
  let node = await digest(new Uint8Array([0]), ascii('marquee ticket v2'), head);
  for (let up = 0; up < nodes; up++) {
    const beside = bytes.subarray(pathAt + up * NODE_BYTES, pathAt + (up + 1) * NODE_BYTES);
    const right = (place >> up) & 1;
    node = await digest(new Uint8Array([1]), ...(right ? [beside, node] : [node, beside]));
  }
  const signature = bytes.subarray(signatureAt, signatureAt + SIGNATURE_BYTES);
  return { head, signed: joined(ascii('marquee tickets v2'), node), signature };
}

function hasLabel(head: Bytes): boolean {
  return head.length >= LABEL_AT && head.length <= LABEL_AT + LABEL_BYTES_MAX;
}

async function digest(...parts: Bytes[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', joined(...parts))).subarray(0, NODE_BYTES);
}

function joined(...parts: Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function ascii(text: string): Bytes {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function unbase64(text: string): Bytes | undefined {
  if (!/^[\w-]+$/.test(text)) return undefined;
  try {
    return ascii(atob(text.replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    return undefined;
  }
}

function hex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function unhex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

function id(bytes: Bytes, at: number): string {
  return hex(bytes.subarray(at, at + 16)).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
