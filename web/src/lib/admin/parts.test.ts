import { expect, it } from 'vitest';
import { partOf } from './parts';

it.each([
  ['/admin', 'dashboard'],
  ['/admin/bookings', 'bookings'],
  ['/admin/bookings/1', 'bookings'],
  ['/admin/shows/1', 'schedule'],
  ['/admin/screens/1', 'cinemas'],
  ['/admin/filmstrip', undefined],
])('%s belongs to %s', (path, title) => {
  expect(partOf(path)?.title).toBe(title);
});
