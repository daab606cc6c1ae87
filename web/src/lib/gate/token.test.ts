import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { expect, it } from 'vitest';
import { read, type TicketKey } from './token';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const raw = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).subarray(-32);
const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

const kid = sha(raw(publicKey)).subarray(0, 4);
const keys: TicketKey[] = [{ kid: kid.toString('hex'), public_key: raw(publicKey).toString('hex') }];
const [ticket, booking, show] = [1, 2, 3].map((n) => Buffer.alloc(16, n)) as [Buffer, Buffer, Buffer];

const head = (version: number, label: string) =>
  Buffer.concat([Buffer.from([version]), kid, ticket, booking, show, Buffer.from(label)]);

/** As the server signs one ticket. */
function alone(label: string, by = privateKey): string {
  const stated = head(1, label);
  const signature = sign(null, Buffer.concat([Buffer.from('marquee ticket v1'), stated]), by);
  return `mq1.${Buffer.concat([stated, signature]).toString('base64url')}`;
}

/** As the server signs this ticket as the `place`-th of 2^n. */
function together(label: string, place: number, n: number): string {
  const stated = head(2, label);
  const path = Array.from({ length: n }, (_, up) => Buffer.alloc(16, 100 + up));
  let node = sha(Buffer.from([0]), Buffer.from('marquee ticket v2'), stated).subarray(0, 16);
  path.forEach((beside, up) => {
    const pair = (place >> up) & 1 ? [beside, node] : [node, beside];
    node = sha(Buffer.from([1]), ...pair).subarray(0, 16);
  });
  const signature = sign(null, Buffer.concat([Buffer.from('marquee tickets v2'), node]), privateKey);
  return `mq2.${Buffer.concat([stated, ...path, signature, Buffer.from([place, n])]).toString('base64url')}`;
}

const CLAIMS = {
  ticket_id: '01010101-0101-0101-0101-010101010101',
  booking_id: '02020202-0202-0202-0202-020202020202',
  show_id: '03030303-0303-0303-0303-030303030303',
};

it('reads a ticket of either form that was signed by a key it knows', async () => {
  for (const label of ['H-12', '', 'Logé 7', 'x'.repeat(24)]) {
    expect(await read(alone(label), keys)).toEqual({ claims: { ...CLAIMS, label } });
    for (const [place, n] of [
      [0, 0],
      [0, 1],
      [1, 1],
      [5, 3],
      [127, 7],
    ] as const)
      expect(await read(together(label, place, n), keys)).toEqual({ claims: { ...CLAIMS, label } });
  }
});

it('refuses a ticket in which a bit was changed, wherever it is', async () => {
  for (const token of [alone('H-12'), together('H-12', 2, 2)]) {
    const [prefix, text = ''] = token.split('.');
    const bytes = Buffer.from(text, 'base64url');
    for (let at = 0; at < bytes.length; at += 3) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 4;
      expect(await read(`${prefix}.${changed.toString('base64url')}`, keys)).toHaveProperty('code');
    }
  }
});

it('says what is wrong', async () => {
  const stranger = generateKeyPairSync('ed25519');
  expect(await read(alone('H-12', stranger.privateKey), keys)).toEqual({ code: 'ticket_forged' });
  expect(await read(alone('H-12'), [])).toEqual({ code: 'ticket_unknown' });
  const token = alone('H-12');
  for (const text of [
    '',
    'mq1.',
    'mq3.AAAA',
    'https://example.org/',
    token.slice(4),
    `${token}=`,
    `${token}.x`,
    token.slice(0, 90),
  ])
    expect(await read(text, keys)).toEqual({ code: 'ticket_unreadable' });
});
