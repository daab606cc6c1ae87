/** Draws a dot on every place of the sheet where no seat is: where one could be. */
import type { Colours } from '../seats/paint';
import type { Extent, View } from '../seats/view';
import { placeAt, widthOf, type Plan } from './plan';

/** Smaller places than these have no dots: they would be a grey veil. */
const DOTTED = 6;

export function dots(
  context: CanvasRenderingContext2D,
  plan: Plan,
  sheet: Extent,
  view: View,
  canvas: Extent,
  colours: Colours,
): void {
  if (view.scale < DOTTED) return;
  const size = Math.max(1.6, view.scale * 0.08);
  const seen = (from: number, room: number, most: number) => [
    Math.max(0, Math.floor(-from / view.scale)),
    Math.min(most - 1, Math.ceil((room - from) / view.scale)),
  ];
  const [left = 0, right = 0] = seen(view.left, canvas.width, sheet.width);
  const [top = 0, bottom = 0] = seen(view.top, canvas.height, sheet.height);
  const width = widthOf(plan);
  context.fillStyle = colours.quiet;
  context.globalAlpha = 0.7;
  context.beginPath();
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      // Beside the seats stands the row's name.
      if (placeAt(plan, x, y) !== '_' || (x === width && (plan[y]?.name ?? '') !== '')) continue;
      const [cx, cy] = [view.left + (x + 0.5) * view.scale, view.top + (y + 0.5) * view.scale];
      context.rect(cx - size / 2, cy - size / 2, size, size);
    }
  }
  context.fill();
  context.globalAlpha = 1;
}
