import { expect, test } from 'vitest';
import { keptCity, largest } from './place';

const cinema = (city: string, count: number) => ({
  city,
  screens: Array.from({ length: count }, () => ({ screen_id: '', name: '', capacity: 1 })),
});

test('who chose no city is shown the one with the most screens, and of several the first by name', () => {
  const cinemas = [cinema('Pune', 3), cinema('Delhi', 2), cinema('Agra', 3), cinema('Delhi', 2)];
  expect(largest(cinemas)).toBe('Delhi');
  expect(largest(cinemas.slice(0, 3))).toBe('Agra');
  expect(largest([])).toBeUndefined();
});

test('a city is kept in a cookie, and one that cannot be read is none', () => {
  expect(keptCity('a=b; marquee_city=New%20York; c=d')).toBe('New York');
  expect(keptCity('marquee_city=%FF')).toBeNull();
  expect(keptCity('my_marquee_city=Delhi')).toBeNull();
  expect(keptCity('')).toBeNull();
});
