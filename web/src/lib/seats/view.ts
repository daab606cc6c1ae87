/** Where the house is on the canvas: scale and offset, and how gestures change them. Pure. */

export interface View {
  /** Pixels per place. */
  scale: number;
  /** Where place (0, 0) begins, in pixels. */
  left: number;
  top: number;
}

export interface Extent {
  width: number;
  height: number;
}

/** Places around the house that also have to be seen: row names at the sides, the screen in front. */
export const SIDE = 1.6;
export const FRONT = 2.6;
const BACK = 0.8;
/** How the room that is left is shared between above and below, and between left and right. */
const HIGH = 0.3;
const MIDDLE = 0.5;
const SCALE_MAX = 64;
/** The scale of a small house on a large canvas. */
const FIT_MAX = 40;
/** From here on a finger finds its seat. */
export const TOUCHABLE = 30;

/** The whole house, in the middle. */
export function fit(house: Extent, canvas: Extent): View {
  const scale = Math.min(
    canvas.width / (house.width + 2 * SIDE),
    canvas.height / (house.height + FRONT + BACK),
    FIT_MAX,
  );
  return {
    scale,
    left: (canvas.width - house.width * scale) / 2,
    top: (canvas.height - (house.height + FRONT + BACK) * scale) * HIGH + FRONT * scale,
  };
}

/** Keeps the house where somebody can see it. */
export function within(view: View, house: Extent, canvas: Extent): View {
  const whole = fit(house, canvas);
  const scale = Math.min(Math.max(view.scale, whole.scale), Math.max(SCALE_MAX, whole.scale));
  // Along one side: where the house begins, its size, the room there is, and what has to be seen before and after it.
  const bound = (at: number, size: number, room: number, before: number, after: number, rest: number) => {
    const [least, most] = [room - (size + after) * scale, before * scale];
    if (least > most) return (room - (before + size + after) * scale) * rest + before * scale;
    return Math.min(Math.max(at, least), most);
  };
  return {
    scale,
    left: bound(view.left, house.width, canvas.width, SIDE, SIDE, MIDDLE),
    top: bound(view.top, house.height, canvas.height, FRONT, BACK, HIGH),
  };
}

/** How a picture that was painted for `from` is moved to show what it would at `to`; a value of CSS. */
export function moved(from: View, to: View): string {
  const factor = to.scale / from.scale;
  const [x, y] = [to.left - from.left * factor, to.top - from.top * factor];
  return `translate(${x}px, ${y}px) scale(${factor})`;
}

/** Whether nobody would see a difference: what is not moved is not drawn again. */
export function same(a: View, b: View): boolean {
  const near = (one: number, other: number) => Math.abs(one - other) < 0.01;
  return near(a.scale * 100, b.scale * 100) && near(a.left, b.left) && near(a.top, b.top);
}

/** Zooms by `factor`, and what is at (x, y) stays there. */
export function zoom(view: View, factor: number, x: number, y: number): View {
  return {
    scale: view.scale * factor,
    left: x - (x - view.left) * factor,
    top: y - (y - view.top) * factor,
  };
}

/** The place at a pixel, with its fraction. */
export function place(view: View, x: number, y: number): { x: number; y: number } {
  return { x: (x - view.left) / view.scale, y: (y - view.top) / view.scale };
}
