import { expect, it } from 'vitest';
import { schedule } from '../i18n/en/schedule';
import type { Planned } from './api';
import { csvOf } from './sheet';

const show = (movie_title: string, prices: Record<string, number>): Planned =>
  ({
    movie_title,
    screen_name: 'Screen 1',
    start_time: '2026-11-26T13:00:00Z',
    end_time: '2026-11-26T15:05:00Z',
    language: 'Hindi',
    format: null,
    status: 'on_sale',
    seats_total: 200,
    seats_available: 150,
    price_from: { amount: 1, currency: 'INR' },
    prices: Object.fromEntries(
      Object.entries(prices).map(([category, amount]) => [category, { amount, currency: 'INR' }]),
    ),
  }) as unknown as Planned;

it('has a column for each category, times by the wall, and no formula', () => {
  const text = csvOf(
    [show('=Dune', { gold: 25_050 }), show('Up', { silver: 15_000 })],
    'Asia/Kolkata',
    schedule,
  );
  expect(text.trim().split('\r\n').slice(1)).toEqual([
    "2026-11-26,18:30,20:35,Screen 1,'=Dune,Hindi,,On sale,50,200,INR,250.5,",
    '2026-11-26,18:30,20:35,Screen 1,Up,Hindi,,On sale,50,200,INR,,150',
  ]);
});
