/** How one seat looks: its shape, its marks and its colours. What a seat is shows by shape and mark as well as by colour. */

export interface Colours {
  ground: string;
  raised: string;
  ink: string;
  quiet: string;
  line: string;
  accent: string;
  accentInk: string;
  taken: string;
  takenInk: string;
  warn: string;
  categories: string[];
  /** The same for the same colours, and for no others. */
  key: string;
}

/** What a seat is drawn with: on the canvas of a page, or on one that nobody sees. */
type Pen = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** The mark of a category, in the legend too. */
export const MARKS = ['square', 'round', 'cut', 'arch', 'hexagon', 'notch'] as const;
export type Mark = (typeof MARKS)[number];

export type Kind = 'free' | 'chosen' | 'yours' | 'held' | 'booked' | 'blocked';
export type Sort = 'standard' | 'wheelchair' | 'companion';
export interface Look {
  kind: Kind;
  /** Its place in the house's list. */
  category: number;
  sort: Sort;
}

/** The outline of a seat whose box is (x, y, s, s). */
export function outline(path: CanvasPath, mark: Mark, x: number, y: number, s: number): void {
  const r = s * 0.22;
  switch (mark) {
    case 'square':
      (path as Path2D).roundRect(x, y, s, s, r);
      return;
    case 'round':
      path.moveTo(x + s, y + s / 2);
      path.arc(x + s / 2, y + s / 2, s / 2, 0, Math.PI * 2);
      return;
    case 'cut': {
      const c = s * 0.3;
      polygon(path, [x + c, y, x + s - c, y, x + s, y + c, x + s, y + s, x, y + s, x, y + c]);
      return;
    }
    case 'arch':
      (path as Path2D).roundRect(x, y, s, s, [s / 2, s / 2, r, r]);
      return;
    case 'hexagon': {
      const c = s * 0.27;
      polygon(path, [x + c, y, x + s - c, y, x + s, y + s / 2, x + s - c, y + s, x + c, y + s, x, y + s / 2]);
      return;
    }
    case 'notch': {
      const c = s * 0.24;
      polygon(path, [x, y, x + s / 2, y + c, x + s, y, x + s, y + s, x, y + s]);
      return;
    }
  }
}

function polygon(path: CanvasPath, points: number[]): void {
  for (let at = 0; at < points.length; at += 2) {
    const [x = 0, y = 0] = [points[at], points[at + 1]];
    if (at === 0) path.moveTo(x, y);
    else path.lineTo(x, y);
  }
  path.closePath();
}

const colourOf = ({ category }: Look, colours: Colours): string =>
  colours.categories[category % colours.categories.length] ?? colours.ink;

/** Draws a seat into the box (x, y, s, s), where a place is `scale` wide. */
export function drawSeat(
  context: Pen,
  look: Look,
  [x, y, s]: [number, number, number],
  scale: number,
  colours: Colours,
): void {
  context.beginPath();
  outline(context, MARKS[look.category % MARKS.length] ?? 'square', x, y, s);
  const own = colourOf(look, colours);
  context.lineWidth = Math.max(1, Math.min(2, scale * 0.07));
  switch (look.kind) {
    case 'free':
      context.fillStyle = colours.raised;
      context.fill();
      context.globalAlpha = 0.16;
      context.fillStyle = own;
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = own;
      context.stroke();
      break;
    case 'chosen':
    case 'yours':
      context.fillStyle = colours.accent;
      context.fill();
      break;
    case 'held':
    case 'booked':
      context.fillStyle = colours.taken;
      context.fill();
      break;
    case 'blocked':
      context.strokeStyle = colours.taken;
      context.stroke();
      break;
  }
  drawMark(context, look, [x + s / 2, y + s / 2, s], colours);
}

/** The mark in the middle of a seat. */
function drawMark(context: Pen, look: Look, [cx, cy, s]: [number, number, number], colours: Colours): void {
  context.lineWidth = Math.max(1.2, s * 0.09);
  context.lineCap = 'round';
  if (look.kind === 'chosen' || look.kind === 'yours') {
    context.strokeStyle = colours.accentInk;
    context.beginPath();
    context.moveTo(cx - s * 0.22, cy + s * 0.02);
    context.lineTo(cx - s * 0.05, cy + s * 0.19);
    context.lineTo(cx + s * 0.24, cy - s * 0.17);
    context.stroke();
  } else if (look.kind === 'booked') {
    const arm = s * 0.17;
    context.strokeStyle = colours.takenInk;
    context.beginPath();
    context.moveTo(cx - arm, cy - arm);
    context.lineTo(cx + arm, cy + arm);
    context.moveTo(cx + arm, cy - arm);
    context.lineTo(cx - arm, cy + arm);
    context.stroke();
  } else if (look.kind === 'held') {
    context.fillStyle = colours.takenInk;
    for (const step of [-1, 0, 1]) {
      context.beginPath();
      context.arc(cx + step * s * 0.22, cy, s * 0.08, 0, Math.PI * 2);
      context.fill();
    }
  } else if (look.sort === 'wheelchair') wheelchair(context, cx, cy, s, colourOf(look, colours));
  else if (look.sort === 'companion') companion(context, cx, cy, s, colourOf(look, colours));
}

/** What a seat is from afar: a dot of that colour. */
export function dotColour(look: Look, colours: Colours): string {
  switch (look.kind) {
    case 'free':
      return colourOf(look, colours);
    case 'chosen':
    case 'yours':
      return colours.accent;
    case 'held':
    case 'booked':
    case 'blocked':
      return colours.taken;
  }
}

function wheelchair(context: Pen, cx: number, cy: number, size: number, colour: string) {
  const u = size / 20;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.beginPath();
  context.arc(cx - u, cy - 5.6 * u, 1.7 * u, 0, Math.PI * 2);
  context.fill();
  context.beginPath();
  context.arc(cx - u, cy + 2.6 * u, 4 * u, -Math.PI * 0.95, Math.PI * 0.45, true);
  context.moveTo(cx - u, cy - 3 * u);
  context.lineTo(cx - u, cy + 1.5 * u);
  context.lineTo(cx + 3 * u, cy + 1.5 * u);
  context.lineTo(cx + 4.6 * u, cy + 5.6 * u);
  context.stroke();
}

function companion(context: Pen, cx: number, cy: number, size: number, colour: string) {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(cx, cy - size * 0.16, size * 0.14, 0, Math.PI * 2);
  context.fill();
  context.beginPath();
  context.arc(cx, cy + size * 0.3, size * 0.26, Math.PI, 0);
  context.closePath();
  context.fill();
}
