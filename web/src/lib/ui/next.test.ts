import { expect, it } from 'vitest';
import { nextOf } from './next';

const next = (value: string) =>
  nextOf(new URL(`https://marquee.example/sign-in?next=${encodeURIComponent(value)}`));

it('goes on where somebody was', () => {
  expect(next('/shows/1?seats=A-1,A-2&hold')).toBe('/shows/1?seats=A-1,A-2&hold');
});

it.each(['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', ''])(
  'never leaves the site for %j',
  (value) => {
    expect(next(value)).toBe('/');
  },
);
