/**
 * A poster for a film that has none: colours and a composition by genre, the rest by the title, so that the same film looks the
 * same everywhere. Pure; `Poster.svelte` draws it.
 */

export interface Shape {
  kind: 'circle' | 'rect' | 'path';
  fill: string;
  /** For a circle: cx, cy, r. For a rectangle: x, y, width, height. */
  at: readonly number[];
  d?: string;
  opacity?: number;
}

export interface TitleLine {
  text: string;
  size: number;
  width: number;
  /** The baseline. */
  y: number;
}

export interface Design {
  ground: string;
  ink: string;
  accent: string;
  shapes: Shape[];
  lines: TitleLine[];
}

export const WIDTH = 200;
export const HEIGHT = 300;
const MARGIN = 12;
const TITLE_HEIGHT_MAX = 138;
const LINE_SIZE_MAX = 92;
/** Lines that would be smaller than this part of their width are too many. */
const SHRINK_LEAST = 0.86;
/** The least height that is left to the picture. */
const CAP_HEIGHT = 0.86;
const LEADING = 0.94;

interface Palette {
  ground: string;
  ink: string;
  colours: readonly [string, string, string];
}

const PALETTES: Record<string, readonly Palette[]> = {
  dark: [
    { ground: '#14110f', ink: '#f6e7cf', colours: ['#d7301f', '#7a1512', '#f08a3c'] },
    { ground: '#0d1b1e', ink: '#e9f0d8', colours: ['#c7f05a', '#1f4d48', '#5fa777'] },
  ],
  night: [
    { ground: '#10162b', ink: '#f4efe2', colours: ['#f2b63d', '#27408b', '#e4572e'] },
    { ground: '#1b1030', ink: '#fdeee0', colours: ['#ff5f7e', '#4a2a7a', '#ffb86b'] },
    { ground: '#07262b', ink: '#f3ead3', colours: ['#f25c3b', '#0f5a5e', '#f4c95d'] },
  ],
  warm: [
    { ground: '#f0502f', ink: '#fff4df', colours: ['#ffc24b', '#8f1d1d', '#2b1a1a'] },
    { ground: '#f4b942', ink: '#2a1410', colours: ['#e4442e', '#f9e2a8', '#7b2d1c'] },
    { ground: '#c8442b', ink: '#ffe9c9', colours: ['#f3a64c', '#6b1c22', '#f7d794'] },
  ],
  gay: [
    { ground: '#f7d046', ink: '#1c1a2e', colours: ['#ef476f', '#118ab2', '#fff3c4'] },
    { ground: '#1f9e8f', ink: '#fff8e3', colours: ['#ffd166', '#0c5e5a', '#ef6f53'] },
    { ground: '#ff8fa3', ink: '#2b1030', colours: ['#fff0d6', '#c9184a', '#5b2a86'] },
  ],
  cool: [
    { ground: '#2749c9', ink: '#fdf6e3', colours: ['#8fb8ff', '#16257a', '#ffca4f'] },
    { ground: '#e8e2d4', ink: '#1d2433', colours: ['#2f5d8a', '#c9bfa8', '#d1495b'] },
    { ground: '#35524a', ink: '#f5f0dc', colours: ['#a2c5ac', '#1d332d', '#e8985e'] },
  ],
};

const MOODS: Record<string, keyof typeof PALETTES> = {
  horror: 'dark',
  thriller: 'night',
  suspense: 'night',
  'science fiction': 'night',
  action: 'night',
  western: 'warm',
  adventure: 'warm',
  comedy: 'gay',
  'romantic comedy': 'gay',
  musical: 'gay',
  animation: 'gay',
  'black comedy': 'dark',
  documentary: 'cool',
  drama: 'cool',
};

/** Numbers from 0 to 1, the same for the same words (FNV-1a, then mulberry32). */
function dice(words: string): () => number {
  let state = 0x811c9dc5;
  for (const char of words) state = Math.imul(state ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Composition = (roll: () => number, colours: Palette['colours'], height: number) => Shape[];

const circle = (cx: number, cy: number, r: number, fill: string, opacity?: number): Shape =>
  opacity === undefined
    ? { kind: 'circle', fill, at: [cx, cy, r] }
    : { kind: 'circle', fill, at: [cx, cy, r], opacity };
const rect = (x: number, y: number, width: number, height: number, fill: string): Shape => ({
  kind: 'rect',
  fill,
  at: [x, y, width, height],
});
const path = (d: string, fill: string): Shape => ({ kind: 'path', fill, at: [], d });
const whole = (value: number) => Math.round(value * 10) / 10;

/** Each fills the picture down to `height`, and may run over its edges. */
const COMPOSITIONS: readonly Composition[] = [
  // A sun behind hills.
  (roll, [a, b, c], height) => {
    const x = 50 + roll() * 100;
    const ridge = height * (0.66 + roll() * 0.1);
    return [
      circle(x, ridge - 8, 62, a),
      circle(x, ridge - 8, 40, c, 0.9),
      path(
        `M0 ${whole(ridge)} Q50 ${whole(ridge - 46)} 100 ${whole(ridge)} T200 ${whole(ridge - 10)} V320 H0Z`,
        b,
      ),
      path(
        `M0 ${whole(ridge + 34)} Q70 ${whole(ridge - 8)} 130 ${whole(ridge + 26)} T200 ${whole(ridge + 14)} V320 H0Z`,
        c,
      ),
    ];
  },
  // Rays from a lamp.
  (roll, [a, b, c], height) => {
    const [x, y, count] = [40 + roll() * 120, height * 0.72, 18];
    const rays = Array.from({ length: count / 2 }, (_, at) => {
      const [from, to] = [at * 2, at * 2 + 1].map((step) => (step / count) * Math.PI * 2);
      const end = (angle = 0) => `${whole(x + 340 * Math.cos(angle))} ${whole(y + 340 * Math.sin(angle))}`;
      return path(`M${whole(x)} ${whole(y)} L${end(from)} L${end(to)}Z`, at % 3 === 1 ? c : b);
    });
    return [...rays, circle(x, y, 46, a)];
  },
  // Rings out of a corner.
  (roll, [a, b, c]) => {
    const x = roll() < 0.5 ? 0 : 200;
    return [190, 160, 130, 100, 70, 40].map((r, at) => circle(x, 34, r, [b, a, b, c, b, a][at] ?? a));
  },
  // Slanted bars.
  (roll, [a, b, c], height) => {
    const lean = (roll() < 0.5 ? -1 : 1) * 70;
    return [0, 1, 2, 3, 4].map((at) => {
      const x = -60 + at * 66;
      return path(`M${x} 0 h34 l${lean} ${whole(height + 60)} h-34Z`, [a, b, c, a, b][at] ?? a);
    });
  },
  // A screen of dots.
  (roll, [a, b, c], height) => {
    const [fx, fy] = [roll() * 200, roll() * height];
    const dots: Shape[] = [circle(100, height * 0.46, 74, b)];
    for (let y = 10; y < height; y += 18)
      for (let x = 10; x < 200; x += 18) {
        const r = 8.4 * Math.max(0.12, 1 - Math.hypot(x - fx, y - fy) / 170);
        dots.push(circle(x, y, whole(r), r > 5.4 ? c : a));
      }
    return dots;
  },
  // Waves.
  (roll, [a, b, c], height) => {
    const lift = 10 + roll() * 16;
    const waves = [0, 1, 2, 3, 4].map((at) => {
      const y = whole(height * 0.34 + at * 27);
      return path(
        `M-20 ${y} q30 ${whole(-lift)} 60 0 t60 0 t60 0 t60 0 V330 H-20Z`,
        [b, a, c, b, a][at] ?? a,
      );
    });
    return [circle(56 + roll() * 90, height * 0.26, 30, c), ...waves];
  },
  // Tiles of quarter circles.
  (roll, [a, b, c], height) => {
    const tiles: Shape[] = [];
    const side = 50;
    for (let y = 0; y < height; y += side)
      for (let x = 0; x < 200; x += side) {
        const [fill, back] = roll() < 0.5 ? [a, b] : [c, b];
        tiles.push(rect(x, y, side, side, roll() < 0.4 ? back : 'none'));
        const [cx, cy] = [x + (roll() < 0.5 ? 0 : side), y + (roll() < 0.5 ? 0 : side)];
        const [ex, ey] = [cx === x ? x + side : x, cy === y ? y + side : y];
        const sweep = (cx === x) === (cy === y) ? 1 : 0;
        tiles.push(path(`M${cx} ${cy} L${ex} ${cy} A${side} ${side} 0 0 ${sweep} ${cx} ${ey}Z`, fill));
      }
    return tiles;
  },
  // A beam of light on somebody.
  (roll, [a, b, c], height) => {
    const [from, foot, to] = [roll() < 0.5 ? 20 : 180, height * 0.9, 70 + roll() * 60];
    return [
      path(`M${from} -10 L${whole(to - 66)} ${whole(foot)} L${whole(to + 66)} ${whole(foot)}Z`, b),
      path(`M${from} -10 L${whole(to - 38)} ${whole(foot)} L${whole(to + 38)} ${whole(foot)}Z`, a),
      path(`M${whole(to - 66)} ${whole(foot)} a66 15 0 0 0 132 0 a66 15 0 0 0 -132 0Z`, a),
      circle(to, foot - 66, 12, c),
      path(`M${whole(to - 16)} ${whole(foot)} v-34 a16 16 0 0 1 32 0 v34Z`, c),
    ];
  },
  // A skyline.
  (roll, [a, b, c], height) => {
    const shapes: Shape[] = [circle(50 + roll() * 100, height * 0.36, 40, a)];
    for (const [fill, tall] of [
      [b, 0.72],
      [c, 0.46],
    ] as const)
      for (let x = -6; x < 200;) {
        const width = 18 + Math.floor(roll() * 20);
        const top = height * (1 - tall * (0.45 + roll() * 0.55));
        shapes.push(rect(x, whole(top), width, 340, fill));
        x += width + (roll() < 0.3 ? 5 : 0);
      }
    return shapes;
  },
];

/** How wide a line of display type is, per point of its size: the letters of Anton, roughly. */
export function measure(text: string): number {
  let width = 0;
  for (const char of text) {
    if (char === ' ') width += 0.2;
    else if (/[IJ1.,:;'!|]/.test(char)) width += 0.27;
    else if (/[MW@]/.test(char)) width += 0.62;
    else if (/[LEFT/-]/.test(char)) width += 0.38;
    else width += 0.465;
  }
  return width;
}

/** Sets `title` in as few lines as look well, each as wide as the poster, in the manner of wood type. */
function setTitle(title: string): TitleLine[] {
  const words = title.toUpperCase().split(/\s+/).filter(Boolean);
  const room = WIDTH - 2 * MARGIN;
  let best: { lines: string[]; sizes: number[]; height: number } | undefined;
  for (let count = 1; count <= Math.min(words.length, 5); count++) {
    const lines = breakInto(words, count);
    const sizes = lines.map((line) => Math.min(LINE_SIZE_MAX, room / measure(line)));
    const natural = sizes.reduce((sum, size) => sum + size * LEADING, 0);
    const shrink = Math.min(1, TITLE_HEIGHT_MAX / natural);
    const height = natural * shrink;
    if (shrink < SHRINK_LEAST && best) break;
    if (!best || height > best.height + 6)
      best = { lines, sizes: sizes.map((size) => size * shrink), height };
  }
  const { lines = [], sizes = [], height = 0 } = best ?? {};
  let y = HEIGHT - MARGIN - height;
  return lines.map((text, at) => {
    const size = sizes[at] ?? 0;
    y += size * LEADING;
    return {
      text,
      size: whole(size),
      width: whole(measure(text) * size),
      y: whole(y - size * (LEADING - CAP_HEIGHT)),
    };
  });
}

/** The words in `count` lines whose longest is as short as can be. */
function breakInto(words: string[], count: number): string[] {
  if (count <= 1) return [words.join(' ')];
  let best: string[] = [words.join(' ')];
  let least = Infinity;
  for (let first = 1; first <= words.length - count + 1; first++) {
    const lines = [words.slice(0, first).join(' '), ...breakInto(words.slice(first), count - 1)];
    const longest = Math.max(...lines.map(measure));
    if (longest < least) [best, least] = [lines, longest];
  }
  return best;
}

export function design(title: string, genres: readonly string[]): Design {
  const roll = dice(title);
  const mood = genres.map((genre) => MOODS[genre.toLowerCase()]).find(Boolean) ?? 'cool';
  const palettes = PALETTES[mood] ?? [];
  const palette = palettes[Math.floor(roll() * palettes.length)] ?? {
    ground: '#222',
    ink: '#fff',
    colours: ['#888', '#555', '#bbb'] as const,
  };
  const lines = setTitle(title);
  const first = lines[0];
  const height = first ? first.y - first.size * CAP_HEIGHT - 10 : HEIGHT;
  const compose = COMPOSITIONS[Math.floor(roll() * COMPOSITIONS.length)];
  return {
    ground: palette.ground,
    ink: palette.ink,
    accent: palette.colours[0],
    shapes: compose?.(roll, palette.colours, height) ?? [],
    lines,
  };
}
