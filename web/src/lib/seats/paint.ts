/**
 * Draws the house. Seats of a kind are one path and one fill, so that a frame of 20,000 seats costs a few milliseconds; details come
 * as the seats grow. What a seat is shows by shape and mark as well as by colour.
 */
import type { House, Status } from './house';
import { FRONT, SIDE, type Extent, type View } from './view';

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
}

export interface Scene {
  house: House;
  status(index: number): Status;
  chosen: ReadonlySet<number>;
  yours: ReadonlySet<string>;
  lone: ReadonlySet<number>;
  screenName: string;
}

/** The mark of a category, in the legend too. */
export const MARKS = ['square', 'round', 'cut', 'arch', 'hexagon', 'notch'] as const;
export type Mark = (typeof MARKS)[number];

/** Below this a seat is a dot of colour; above these it shows its mark and its number. */
const SHAPED = 7;
const NUMBERED = 24;

type Look = { kind: 'free' | 'chosen' | 'yours' | 'held' | 'booked' | 'blocked'; category: number };

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

function look(scene: Scene, index: number, categories: ReadonlyMap<string, number>): Look {
  const seat = scene.house.seats[index];
  const category = categories.get(seat?.category ?? '') ?? 0;
  if (scene.chosen.has(index)) return { kind: 'chosen', category };
  if (scene.yours.has(seat?.seat_id ?? '')) return { kind: 'yours', category };
  const status = scene.status(index);
  return { kind: status === 'available' ? 'free' : status, category };
}

export function paint(
  context: CanvasRenderingContext2D,
  scene: Scene,
  view: View,
  canvas: Extent,
  colours: Colours,
): void {
  const { house } = scene;
  context.clearRect(0, 0, canvas.width, canvas.height);
  paintScreen(context, scene, view, colours);
  const categories = new Map(house.categories.map(({ category }, at) => [category, at]));
  const paths = new Map<string, { look: Look; path: Path2D }>();
  const details: { index: number; look: Look; x: number; y: number }[] = [];
  const gap = view.scale < SHAPED ? 0.08 : 0.11;
  const size = view.scale * (1 - 2 * gap);

  for (const row of house.rows) {
    const y = view.top + (row.y + gap) * view.scale;
    if (y > canvas.height || y + view.scale < 0) continue;
    for (const index of row.seats) {
      const seat = house.seats[index];
      if (!seat) continue;
      const x = view.left + (seat.x + gap) * view.scale;
      if (x > canvas.width || x + view.scale < 0) continue;
      const of = look(scene, index, categories);
      const key = `${of.kind} ${of.category}`;
      let kind = paths.get(key);
      if (!kind) paths.set(key, (kind = { look: of, path: new Path2D() }));
      if (view.scale < SHAPED) kind.path.rect(x, y, size, size);
      else outline(kind.path, MARKS[of.category % MARKS.length] ?? 'square', x, y, size);
      if (view.scale >= SHAPED) details.push({ index, look: of, x, y });
    }
  }
  for (const { look: of, path } of paths.values()) fill(context, of, path, view.scale, colours);
  for (const { index, look: of, x, y } of details) detail(context, scene, index, of, x, y, size, colours);
  paintRowNames(context, house, view, canvas, colours);
}

function fill(
  context: CanvasRenderingContext2D,
  { kind, category }: Look,
  path: Path2D,
  scale: number,
  colours: Colours,
) {
  const own = colours.categories[category % colours.categories.length] ?? colours.ink;
  context.lineWidth = Math.max(1, Math.min(2, scale * 0.07));
  switch (kind) {
    case 'free':
      context.fillStyle = scale < SHAPED ? own : colours.raised;
      context.fill(path);
      context.globalAlpha = 0.16;
      context.fillStyle = own;
      context.fill(path);
      context.globalAlpha = 1;
      context.strokeStyle = own;
      if (scale >= SHAPED) context.stroke(path);
      return;
    case 'chosen':
    case 'yours':
      context.fillStyle = colours.accent;
      context.fill(path);
      return;
    case 'held':
    case 'booked':
      context.fillStyle = colours.taken;
      context.fill(path);
      return;
    case 'blocked':
      context.strokeStyle = colours.taken;
      context.stroke(path);
      return;
  }
}

function detail(
  context: CanvasRenderingContext2D,
  scene: Scene,
  index: number,
  { kind, category }: Look,
  x: number,
  y: number,
  size: number,
  colours: Colours,
) {
  const seat = scene.house.seats[index];
  if (!seat) return;
  const [cx, cy] = [x + size / 2, y + size / 2];
  context.lineWidth = Math.max(1.2, size * 0.09);
  context.lineCap = 'round';
  if (scene.lone.has(index)) {
    context.strokeStyle = colours.warn;
    context.lineWidth = 3;
    context.strokeRect(x - 2, y - 2, size + 4, size + 4);
    context.lineWidth = Math.max(1.2, size * 0.09);
  }
  if (kind === 'chosen' || kind === 'yours') {
    context.strokeStyle = colours.accentInk;
    context.beginPath();
    context.moveTo(cx - size * 0.22, cy + size * 0.02);
    context.lineTo(cx - size * 0.05, cy + size * 0.19);
    context.lineTo(cx + size * 0.24, cy - size * 0.17);
    context.stroke();
    return;
  }
  if (kind === 'booked') {
    const arm = size * 0.17;
    context.strokeStyle = colours.takenInk;
    context.beginPath();
    context.moveTo(cx - arm, cy - arm);
    context.lineTo(cx + arm, cy + arm);
    context.moveTo(cx + arm, cy - arm);
    context.lineTo(cx - arm, cy + arm);
    context.stroke();
    return;
  }
  if (kind === 'held') {
    context.fillStyle = colours.takenInk;
    for (const step of [-1, 0, 1]) {
      context.beginPath();
      context.arc(cx + step * size * 0.22, cy, size * 0.08, 0, Math.PI * 2);
      context.fill();
    }
    return;
  }
  const own = colours.categories[category % colours.categories.length] ?? colours.ink;
  if (seat.seat_type === 'wheelchair') {
    wheelchair(context, cx, cy, size, own);
  } else if (seat.seat_type === 'companion') {
    companion(context, cx, cy, size, own);
  } else if (size >= NUMBERED && kind === 'free') {
    context.fillStyle = colours.ink;
    context.font = `600 ${Math.round(size * 0.38)}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(String(seat.number), cx, cy + size * 0.03);
  }
}

function wheelchair(context: CanvasRenderingContext2D, cx: number, cy: number, size: number, colour: string) {
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

function companion(context: CanvasRenderingContext2D, cx: number, cy: number, size: number, colour: string) {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(cx, cy - size * 0.16, size * 0.14, 0, Math.PI * 2);
  context.fill();
  context.beginPath();
  context.arc(cx, cy + size * 0.3, size * 0.26, Math.PI, 0);
  context.closePath();
  context.fill();
}

function paintScreen(context: CanvasRenderingContext2D, scene: Scene, view: View, colours: Colours) {
  const middle = view.left + (scene.house.width * view.scale) / 2;
  const half = scene.house.width * view.scale * 0.42;
  const y = view.top - (FRONT - 0.55) * view.scale;
  const sag = Math.min(view.scale * 0.9, 34);
  const light = context.createLinearGradient(0, y, 0, y + view.scale * 2.2);
  light.addColorStop(0, colours.accent);
  light.addColorStop(1, 'transparent');
  context.globalAlpha = 0.13;
  context.fillStyle = light;
  context.beginPath();
  context.moveTo(middle - half, y + sag);
  context.quadraticCurveTo(middle, y - sag, middle + half, y + sag);
  context.lineTo(middle + half * 1.08, y + view.scale * 2.2);
  context.lineTo(middle - half * 1.08, y + view.scale * 2.2);
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = colours.accent;
  context.lineWidth = Math.max(3, Math.min(6, view.scale * 0.16));
  context.lineCap = 'round';
  context.beginPath();
  context.moveTo(middle - half, y + sag);
  context.quadraticCurveTo(middle, y - sag, middle + half, y + sag);
  context.stroke();
  const size = Math.min(15, Math.max(11, view.scale * 0.5));
  context.fillStyle = colours.quiet;
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textAlign = 'center';
  // Between the screen and the first row, or above it when there is no room.
  const above = view.scale < 12;
  context.textBaseline = above ? 'bottom' : 'top';
  context.fillText(scene.screenName.toUpperCase(), middle, above ? y - 6 : y + sag * 0.55 + 5);
}

/** The names of the rows stay at the edges while the house moves under them. */
function paintRowNames(
  context: CanvasRenderingContext2D,
  house: House,
  view: View,
  canvas: Extent,
  colours: Colours,
) {
  if (view.scale < 9) return;
  const size = Math.min(14, Math.max(10, view.scale * 0.42));
  const off = view.scale * (SIDE / 2) * 0.8;
  const left = Math.max(view.left - off, 12);
  const right = Math.min(view.left + house.width * view.scale + off, canvas.width - 12);
  context.font = `700 ${size}px system-ui, sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const row of house.rows) {
    const y = view.top + (row.y + 0.5) * view.scale;
    if (y < 0 || y > canvas.height) continue;
    for (const x of [left, right]) {
      context.fillStyle = colours.ground;
      context.globalAlpha = 0.92;
      context.beginPath();
      context.arc(x, y, size * 0.95, 0, Math.PI * 2);
      context.fill();
      context.globalAlpha = 1;
      context.fillStyle = colours.quiet;
      context.fillText(row.name, x, y);
    }
  }
}
