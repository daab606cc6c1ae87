import { describe, expect, it } from 'vitest';
import { bornAt, conflicts, count, judge, type DoorList, type Entry } from './door';

const at = (clock: string) => `2026-11-26T${clock}:00Z`;
const now = Date.parse(at('18:00'));
/** The id of a booking that was born then. */
const born = (clock: string) => {
  const ms = Date.parse(at(clock)).toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-000000000000`;
};
const ticket = (n: number, admission: Entry | null = null) => ({
  ticket_id: `ticket-${n}`,
  booking_id: born('10:00'),
  reference: '7K3F-9QXD',
  label: `A${n}`,
  category: 'gold',
  status: 'confirmed' as const,
  admission,
});
const north = { gate: 'North', scanned_at: at('17:42') };
const list: DoorList = {
  show_id: 'show',
  movie_title: 'Lagaan',
  screen_name: '1',
  start_time: at('18:30'),
  as_of: at('17:50'),
  opens_at: at('15:00'),
  closes_at: at('21:00'),
  cancelled: false,
  admitted: 1,
  tickets: [ticket(1), ticket(2, north)],
  contested: [],
};
const claims = (n: number, booking_id = born('10:00')) => ({
  ticket_id: `ticket-${n}`,
  booking_id,
  show_id: 'show',
  label: `A${n}`,
});
const nobody = new Map<string, Entry>();

describe('a gate without a network', () => {
  it('lets in who is on the list, once', () => {
    expect(judge(claims(1), list, nobody, now)).toMatchObject({ kind: 'later', reference: '7K3F-9QXD' });
    expect(judge(claims(2), list, nobody, now)).toMatchObject({ code: 'already_admitted', entry: north });
    const here = { gate: 'Side', scanned_at: at('17:59') };
    const entered = new Map([['ticket-1', here]]);
    expect(judge(claims(1), list, entered, now)).toMatchObject({ kind: 'out', entry: here });
  });

  it('lets in who bought after the list was made, and not whose booking was given back', () => {
    expect(judge(claims(3, born('17:51')), list, nobody, now)).toMatchObject({ kind: 'later', label: 'A3' });
    // Its payment may have been under way.
    expect(judge(claims(3, born('17:50')), list, nobody, now)).toMatchObject({ kind: 'later' });
    expect(judge(claims(3, born('17:49')), list, nobody, now)).toMatchObject({ code: 'ticket_cancelled' });
    expect(judge(claims(1), { ...list, cancelled: true }, nobody, now)).toMatchObject({
      code: 'ticket_cancelled',
    });
  });

  it('keeps the hours, and its own shows', () => {
    const early = judge(claims(1), list, nobody, Date.parse(list.opens_at) - 1);
    expect(early).toMatchObject({ code: 'admission_not_open', opens_at: list.opens_at });
    expect(judge(claims(1), list, nobody, Date.parse(list.opens_at))).toMatchObject({ kind: 'later' });
    expect(judge(claims(1), list, nobody, Date.parse(list.closes_at))).toMatchObject({
      code: 'admission_over',
    });
    expect(judge(claims(1), undefined, nobody, now)).toMatchObject({ code: 'ticket_of_other_show' });
  });
});

it('knows when an id was born', () => {
  expect(bornAt('019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c')).toBe(0x019aac5e7d7c);
});

it('counts nobody twice', () => {
  const entered = new Map([
    ['ticket-1', north],
    ['ticket-2', north],
  ]);
  expect(count([list], entered)).toEqual({ total: 2, inside: 2 });
  expect(count([list], nobody)).toEqual({ total: 2, inside: 1 });
});

it('shows both sides of a conflict', () => {
  const contested = [
    {
      ticket_id: 'ticket-2',
      booking_id: born('10:00'),
      code: 'already_admitted',
      gate: 'Side',
      scanned_at: at('17:40'),
      noted_at: at('18:00'),
    },
  ];
  expect(conflicts([{ ...list, contested }])).toMatchObject([
    { label: 'A2', code: 'already_admitted', here: { gate: 'Side' }, first: north },
  ]);
});
