import { expect, it } from 'vitest';
import type { Value } from './csv';
import { comparer, sorted, turned } from './sorting';

const inOrder = (rows: Value[], descending = false) => sorted(rows, (row) => row, descending, comparer('en'));

it('counts as people do, and does not mind capitals', () => {
  expect(inOrder(['Screen 10', 'screen 2', 'Atrium'])).toEqual(['Atrium', 'screen 2', 'Screen 10']);
  expect(inOrder([10, 9, -1], true)).toEqual([10, 9, -1]);
});

it('has what is nothing last, up and down', () => {
  expect(inOrder([null, 2, '', 1])).toEqual([1, 2, null, '']);
  expect(inOrder([null, 2, undefined, 1], true)).toEqual([2, 1, null, undefined]);
});

it('turns up, then down, then back to how the rows came', () => {
  const up = turned(undefined, 1);
  expect(up).toEqual({ column: 1, descending: false });
  expect(turned(up, 1)).toEqual({ column: 1, descending: true });
  expect(turned({ column: 1, descending: true }, 1)).toBeUndefined();
  expect(turned(up, 2)).toEqual({ column: 2, descending: false });
});
