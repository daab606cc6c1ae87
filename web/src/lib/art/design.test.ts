import { expect, it } from 'vitest';
import { design, HEIGHT, WIDTH } from './design';

const TITLES = [
  'Up',
  'WALL-E',
  'Being John Malkovich',
  'The Lord of the Rings: The Fellowship of the Ring',
  'शोले',
  '',
  'Supercalifragilisticexpialidocious',
];

it.each(TITLES)('sets %j inside the poster', (title) => {
  for (const line of design(title, ['Drama']).lines) {
    expect(line.width).toBeLessThanOrEqual(WIDTH - 20);
    expect(line.y).toBeLessThan(HEIGHT);
    expect(line.y - line.size).toBeGreaterThan(HEIGHT / 3);
  }
});

it('makes the same of the same film everywhere, and not the same of every film', () => {
  expect(design('Fargo', ['Thriller'])).toEqual(design('Fargo', ['Thriller']));
  const made = new Set(TITLES.map((title) => JSON.stringify(design(title, ['Thriller']).shapes)));
  expect(made.size).toBeGreaterThan(TITLES.length / 2);
});
