/**
 * Draws the house. Near by, a seat is one of a few pictures, each drawn once; from afar, all of it is one picture. As long as the view
 * stays, only the seats are drawn that changed: so a press is seen at once, however large the house is.
 */
import type { House, Row, Status } from './house';
import { dotColour, drawSeat, type Colours, type Kind, type Look } from './look';
import { FRONT, SIDE, type Extent, type View } from './view';

export { MARKS, type Colours, type Mark } from './look';

export interface Scene {
  house: House;
  status(index: number): Status;
  chosen: ReadonlySet<number>;
  yours: ReadonlySet<string>;
  lone: ReadonlySet<number>;
  screenName: string;
}

/** Where it is drawn: the room in pixels of the page, and how many of the screen each has. */
export interface Canvas extends Extent {
  density: number;
}

/** Below this a seat is a dot of colour, above it has its shape; above the other also its number. */
const SHAPED = 7;
const NUMBERED = 24;
/** Of a place, left free at each side. */
const GAP = 0.11;
/** Pixels of a dot's place. */
const DOT_MAX = 8;
const KINDS: Kind[] = ['free', 'chosen', 'yours', 'held', 'booked', 'blocked'];
/** The letters of the rows, when they stay at the edge: the width of their strip. */
export const STRIP = 26;

function surface(width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D | null] {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  return [canvas, canvas.getContext('2d')];
}

/** A house's painter; it keeps what it has drawn. */
export class Painter {
  private readonly categories: Uint8Array;
  private sprites = new Map<number, ImageBitmap>();
  private spritesFor = '';
  private dots: HTMLCanvasElement | undefined;
  private dotsFor = '';
  /** The look of each seat as the dots have it; 0 for none yet. */
  private dotted: Uint16Array;
  /** The look of each seat as the canvas has it, when it has shapes. */
  private shaped: Uint16Array;
  /** What else the canvas shows; nothing when all of it is to be drawn. */
  private shapedFor = '';

  constructor(private readonly house: House) {
    const places = new Map(house.categories.map(({ category }, at) => [category, at]));
    this.categories = Uint8Array.from(house.seats, (seat) => places.get(seat.category) ?? 0);
    this.dotted = new Uint16Array(house.seats.length);
    this.shaped = new Uint16Array(house.seats.length);
  }

  /** Draws all of it. */
  paint(context: CanvasRenderingContext2D, scene: Scene, view: View, canvas: Canvas, colours: Colours): void {
    this.shapedFor = '';
    this.update(context, scene, view, canvas, colours);
  }

  /** Draws what has changed since the last painting, on the same canvas as that; nobody else may have drawn there. */
  update(
    context: CanvasRenderingContext2D,
    scene: Scene,
    view: View,
    canvas: Canvas,
    colours: Colours,
  ): void {
    const changed = this.changed(scene, view, canvas, colours);
    if (changed?.length === 0) return;
    context.setTransform(canvas.density, 0, 0, canvas.density, 0, 0);
    context.save();
    if (changed) clipTo(context, this.house, changed, view);
    context.clearRect(0, 0, canvas.width, canvas.height);
    paintScreen(context, scene, view, colours);
    if (view.scale < SHAPED) this.paintDots(context, scene, view, canvas, colours);
    else this.paintSeats(context, scene, changed ?? inSight(this.house, view, canvas), view, canvas, colours);
    const touched = changed && new Set(changed.map((index) => this.house.seats[index]?.y));
    const rows = touched ? this.house.rows.filter(({ y }) => touched.has(y)) : this.house.rows;
    paintRowNames(context, this.house.width, rows, view, canvas, colours);
    context.restore();
  }

  /** The seats that look otherwise than on the canvas, if all else is there; asked once before each painting. */
  private changed(scene: Scene, view: View, canvas: Canvas, colours: Colours): number[] | undefined {
    // What goes round a seat that is left alone is wider than its place.
    const whole = view.scale < SHAPED || scene.lone.size > 0;
    const { width, height, density } = canvas;
    const shows = whole
      ? ''
      : [view.scale, view.left, view.top, width, height, density, scene.screenName, colours.key].join(' ');
    const same = !whole && shows === this.shapedFor;
    this.shapedFor = shows;
    if (whole) return undefined;
    const changed: number[] = [];
    for (let index = 0; index < this.shaped.length; index++) {
      const code = this.code(scene, index);
      if (code === this.shaped[index]) continue;
      this.shaped[index] = code;
      changed.push(index);
    }
    return same ? changed : undefined;
  }

  /** A number for a seat's look, never 0. */
  private code(scene: Scene, index: number): number {
    const seat = this.house.seats[index];
    const kind = scene.chosen.has(index)
      ? 1
      : scene.yours.size > 0 && scene.yours.has(seat?.seat_id ?? '')
        ? 2
        : KIND_OF[scene.status(index)];
    const sort = seat?.seat_type === 'wheelchair' ? 1 : seat?.seat_type === 'companion' ? 2 : 0;
    return 1 + kind + 6 * (sort + 3 * (this.categories[index] ?? 0));
  }

  private paintDots(
    context: CanvasRenderingContext2D,
    scene: Scene,
    view: View,
    canvas: Canvas,
    colours: Colours,
  ) {
    const { house } = this;
    const place = Math.max(3, Math.min(DOT_MAX, Math.ceil(view.scale * canvas.density)));
    const made = `${place} ${colours.key}`;
    if (!this.dots || this.dotsFor !== made) {
      [this.dots] = surface(house.width * place, house.height * place);
      this.dotsFor = made;
      this.dotted.fill(0);
    }
    const on = this.dots.getContext('2d');
    if (!on) return;
    const size = place - Math.max(1, Math.round(place * 2 * GAP));
    for (let index = 0; index < house.seats.length; index++) {
      const code = this.code(scene, index);
      const seat = house.seats[index];
      if (code === this.dotted[index] || !seat) continue;
      this.dotted[index] = code;
      const [x, y] = [seat.x * place, seat.y * place];
      on.clearRect(x, y, size, size);
      const look = lookOf(code);
      on.fillStyle = dotColour(look, colours);
      on.fillRect(x, y, size, size);
      if (look.kind === 'blocked' && size > 2) on.clearRect(x + 1, y + 1, size - 2, size - 2);
    }
    // A place's dot is at its upper left here, and in the middle of the place there.
    const shift = ((place - size) / 2 / place) * view.scale;
    context.drawImage(
      this.dots,
      view.left + shift,
      view.top + shift,
      house.width * view.scale,
      house.height * view.scale,
    );
  }

  private paintSeats(
    context: CanvasRenderingContext2D,
    scene: Scene,
    seats: Iterable<number>,
    view: View,
    canvas: Canvas,
    colours: Colours,
  ) {
    const { house } = this;
    const { density } = canvas;
    const made = `${view.scale} ${density} ${colours.key}`;
    if (this.spritesFor !== made) {
      this.sprites.clear();
      this.spritesFor = made;
    }
    const size = view.scale * (1 - 2 * GAP);
    const numbered: number[] = [];
    // In pixels of the screen: a picture that lies on them is copied as it is.
    context.setTransform(1, 0, 0, 1, 0, 0);
    const pad = Math.ceil(2 * density);
    const at = (place: number, offset: number) =>
      Math.round((offset + (place + GAP) * view.scale) * density) - pad;
    for (const index of seats) {
      const seat = house.seats[index];
      if (!seat) continue;
      const code = this.code(scene, index);
      let sprite = this.sprites.get(code);
      if (!sprite)
        this.sprites.set(code, (sprite = drawSprite(lookOf(code), view.scale, density, pad, colours)));
      context.drawImage(sprite, at(seat.x, view.left), at(seat.y, view.top));
      if (size >= NUMBERED && code % 6 === 1 && seat.seat_type === 'standard') numbered.push(index);
    }
    context.setTransform(density, 0, 0, density, 0, 0);
    context.fillStyle = colours.ink;
    context.font = `600 ${Math.round(size * 0.38)}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    const middle = (place: number, offset: number) => offset + (place + 0.5) * view.scale;
    for (const index of numbered) {
      const seat = house.seats[index];
      if (seat)
        context.fillText(
          String(seat.number),
          middle(seat.x, view.left),
          middle(seat.y, view.top) + size * 0.03,
        );
    }
    context.strokeStyle = colours.warn;
    context.lineWidth = 3;
    for (const index of scene.lone) {
      const seat = house.seats[index];
      const [x, y] = [middle(seat?.x ?? 0, view.left) - size / 2, middle(seat?.y ?? 0, view.top) - size / 2];
      if (seat) context.strokeRect(x - 2, y - 2, size + 4, size + 4);
    }
  }
}

const KIND_OF: Record<Status, number> = { available: 0, held: 3, booked: 4, blocked: 5 };

function lookOf(code: number): Look {
  const rest = Math.floor((code - 1) / 6);
  const sorts = ['standard', 'wheelchair', 'companion'] as const;
  return {
    kind: KINDS[(code - 1) % 6] ?? 'free',
    sort: sorts[rest % 3] ?? 'standard',
    category: Math.floor(rest / 3),
  };
}

/** The seats that are in sight, row by row. */
function* inSight(house: House, view: View, canvas: Canvas): Generator<number> {
  const [left, right] = firstAndLast(view.left, view.scale, canvas.width);
  const [top, bottom] = firstAndLast(view.top, view.scale, canvas.height);
  for (const row of house.rows) {
    if (row.y < top || row.y > bottom) continue;
    for (const index of row.seats) {
      const x = house.seats[index]?.x ?? -1;
      if (x >= left && x <= right) yield index;
    }
  }
}

/** Confines what is drawn to the places of `seats`. */
function clipTo(context: CanvasRenderingContext2D, house: House, seats: number[], view: View): void {
  context.beginPath();
  for (const index of seats) {
    const seat = house.seats[index];
    if (seat)
      context.rect(view.left + seat.x * view.scale, view.top + seat.y * view.scale, view.scale, view.scale);
  }
  context.clip();
}

/** The places that are in sight, along one side. */
function firstAndLast(offset: number, scale: number, room: number): [number, number] {
  return [Math.floor(-offset / scale) - 1, Math.ceil((room - offset) / scale)];
}

/** A seat's picture, as a bitmap: what is copied from a canvas is looked at anew for each copy. */
function drawSprite(look: Look, scale: number, density: number, pad: number, colours: Colours): ImageBitmap {
  const size = scale * (1 - 2 * GAP);
  const side = Math.ceil(size * density) + 2 * pad;
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext('2d');
  context?.setTransform(density, 0, 0, density, pad, pad);
  if (context) drawSeat(context, look, [0, 0, size], scale, colours);
  return canvas.transferToImageBitmap();
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

/**
 * The names of the rows. Where the house goes on beyond the left edge they stay there, on a strip that the seats go under; at the right
 * they end with the house.
 */
function paintRowNames(
  context: CanvasRenderingContext2D,
  width: number,
  rows: readonly Row[],
  view: View,
  canvas: Canvas,
  colours: Colours,
) {
  if (view.scale < 9) return;
  const size = Math.min(14, Math.max(10, view.scale * 0.42));
  const off = view.scale * (SIDE / 2) * 0.8;
  const stays = view.left - off < STRIP / 2;
  const left = stays ? STRIP / 2 : view.left - off;
  const right = view.left + width * view.scale + off;
  if (stays) {
    context.fillStyle = colours.ground;
    context.fillRect(0, 0, STRIP, canvas.height);
    context.fillStyle = colours.line;
    context.fillRect(STRIP, 0, 1, canvas.height);
  }
  context.font = `700 ${size}px system-ui, sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = colours.quiet;
  for (const row of rows) {
    const y = view.top + (row.y + 0.5) * view.scale;
    if (y < 0 || y > canvas.height) continue;
    context.fillText(row.name, left, y);
    if (right < canvas.width) context.fillText(row.name, right, y);
  }
}

/** Whether (x) is on the strip of the rows' names, where no seat can be pointed at. */
export function onStrip(view: View, x: number): boolean {
  return view.scale >= 9 && x < STRIP && view.left - view.scale * (SIDE / 2) * 0.8 < STRIP / 2;
}
