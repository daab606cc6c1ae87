import { expect, it } from 'vitest';
import { fit, FRONT, moved, place, same, within, zoom } from './view';

const house = { width: 20, height: 10 };
const canvas = { width: 390, height: 500 };

it('shows the whole house, with the screen above it', () => {
  const view = fit(house, canvas);
  expect(view.left).toBeGreaterThan(0);
  expect(view.left + house.width * view.scale).toBeLessThan(canvas.width);
  expect(view.top).toBeGreaterThanOrEqual(FRONT * view.scale);
});

it('keeps what is under the finger there', () => {
  const view = fit(house, canvas);
  const before = place(view, 100, 200);
  const after = place(zoom(view, 2.5, 100, 200), 100, 200);
  expect(after.x).toBeCloseTo(before.x);
  expect(after.y).toBeCloseTo(before.y);
});

it('never loses the house', () => {
  const lost = within({ scale: 40, left: -5000, top: 5000 }, house, canvas);
  expect(lost.left + house.width * lost.scale).toBeGreaterThan(canvas.width / 2);
  expect(lost.top).toBeLessThanOrEqual(FRONT * lost.scale);
  const [small, whole] = [within({ scale: 0.01, left: 0, top: 0 }, house, canvas), fit(house, canvas)];
  expect(small.scale).toBe(whole.scale);
  expect(small.left).toBeCloseTo(whole.left);
  expect(small.top).toBeCloseTo(whole.top);
});

it('is not moved by what would bring it back where it is', () => {
  const view = fit(house, canvas);
  expect(same(within({ ...view, left: view.left + 8 }, house, canvas), view)).toBe(true);
  expect(same({ ...view, left: view.left + 1 }, view)).toBe(false);
  expect(same({ ...view, scale: view.scale * 1.01 }, view)).toBe(false);
});

it('moves a picture so that what is under the finger stays there', () => {
  const from = { scale: 10, left: 30, top: 40 };
  expect(moved(from, zoom(from, 2, 100, 100))).toBe('translate(-100px, -100px) scale(2)');
  expect(moved(from, from)).toBe('translate(0px, 0px) scale(1)');
});
