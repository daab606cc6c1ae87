import { describe, expect, it } from 'vitest';
import * as edit from './edit';
import { begin, redo, step, undo } from './history';
import { faults, type Plan } from './plan';

const plan = (...rows: [string, string, string][]): Plan =>
  rows.map(([name, category, places]) => ({ name, category, places }));
const told = (of: Plan) => of.map(({ name, category, places }) => `${name} ${category} ${places}`);
const all = { from: 0, to: 99 };

describe('drawing', () => {
  it('makes rows with names and a category', () => {
    const drawn = edit.put([], { x: 1, y: 0, toX: 3, toY: 2 }, 's');
    expect(told(drawn)).toEqual(['A standard _sss', 'B standard _sss', 'C standard _sss']);
    expect(faults(drawn)).toEqual([]);
  });

  it('goes in any direction, and on from what is there', () => {
    const drawn = edit.put(plan(['H', 'gold', 'ss']), { x: 4, y: 3, toX: 3, toY: 2 }, 'w');
    expect(told(drawn)).toEqual(['H gold ss', '  ', 'J gold ___ww', 'K gold ___ww']);
  });

  it('gives no name that is taken', () => {
    expect(
      told(
        edit.put(
          plan(['B', 'gold', 's'], ['', '', ''], ['C', 'gold', 's']),
          { x: 0, y: 1, toX: 0, toY: 1 },
          's',
        ),
      ),
    ).toEqual(['B gold s', 'D gold s', 'C gold s']);
  });

  it('of gaps takes seats away, and makes no rows', () => {
    const drawn = edit.put(plan(['A', 'gold', 'ssss']), { x: 2, y: 0, toX: 9, toY: 7 }, '_');
    expect(told(drawn)).toEqual(['A gold ss']);
  });

  it('that changes nothing is no edit', () => {
    const before = plan(['A', 'gold', 'ss']);
    expect(edit.put(before, { x: 0, y: 0, toX: 1, toY: 0 }, 's')).toBe(before);
    expect(edit.put(before, { x: 5, y: 0, toX: 9, toY: 0 }, '_')).toBe(before);
    expect(edit.put(before, { x: -1, y: 0, toX: 0, toY: 0 }, 'w')).toBe(before);
  });

  it('stops at the limits', () => {
    const drawn = edit.put([], { x: 198, y: 198, toX: 500, toY: 500 }, 's');
    expect([drawn.length, drawn[199]?.places.length]).toEqual([200, 200]);
  });
});

describe('rows', () => {
  const three = plan(['A', 'gold', 'sss'], ['', '', ''], ['B', 'silver', '_ss']);

  it('move, are doubled and go', () => {
    expect(told(edit.move(three, { from: 0, to: 1 }, 1))).toEqual(['B silver _ss', 'A gold sss', '  ']);
    expect(edit.move(three, { from: 0, to: 1 }, -1)).toBe(three);
    expect(told(edit.duplicate(three, { from: 0, to: 2 }))).toEqual([
      ...told(three),
      'C gold sss',
      '  ',
      'D silver _ss',
    ]);
    expect(told(edit.remove(three, { from: 1, to: 50 }))).toEqual(['A gold sss']);
    expect(edit.remove(three, { from: 3, to: 5 })).toBe(three);
  });

  it('shift together, and never lose a seat', () => {
    expect(told(edit.shift(three, all, 2))).toEqual(['A gold __sss', '  ', 'B silver ___ss']);
    expect(edit.shift(three, all, -1)).toBe(three);
    expect(told(edit.shift(three, { from: 2, to: 2 }, -1))).toEqual(['A gold sss', '  ', 'B silver ss']);
    const wide = plan(['A', 'gold', 's'.repeat(200)]);
    expect(edit.shift(wide, all, 1)).toBe(wide);
    expect(edit.shift(plan(['', '', '']), all, 1)).toEqual(plan(['', '', '']));
  });

  it('stand in the middle', () => {
    expect(
      told(edit.centre(plan(['A', 'gold', 's'], ['B', 'gold', '_sssss'], ['C', 'gold', 'ss__s']))),
    ).toEqual(['A gold __s', 'B gold sssss', 'C gold ss__s']);
  });

  it('take a category, aisles none', () => {
    expect(told(edit.categorise(three, all, 'box'))).toEqual(['A box sss', '  ', 'B box _ss']);
  });

  it('are parted by aisles', () => {
    expect(told(edit.openColumn(three, 2))).toEqual(['A gold ss_s', '  ', 'B silver _s_s']);
    expect(told(edit.closeColumn(three, 1))).toEqual(['A gold ss', '  ', 'B silver _s']);
    expect(told(edit.openAisle(three, 0))).toEqual(['  ', ...told(three)]);
  });

  it('are named in turn', () => {
    expect(edit.nameRows(three, 'H').map((row) => row.name)).toEqual(['H', '', 'J']);
    expect(edit.nameRows(three, '9').map((row) => row.name)).toEqual(['9', '', '10']);
    expect(['', 'A', 'N', 'Z', 'AZ', 'ZZ', 'क', '12'].map(edit.after)).toEqual([
      'A',
      'B',
      'P',
      'AA',
      'BA',
      'AAA',
      'A',
      '13',
    ]);
  });
});

it('a plain hall has its aisles between the seats', () => {
  expect(told(edit.hall({ rows: 2, seats: 6, aisles: [2, 4, 6, 0], category: 'gold' }))).toEqual([
    'A gold ss_ss_ss',
    'B gold ss_ss_ss',
  ]);
});

it('every step can be taken back and done again', () => {
  const [one, two, three] = [plan(['A', 'x', 's']), plan(['A', 'x', 'ss']), plan(['A', 'x', 'sss'])];
  let history = step(step(begin(one), two), three);
  expect(step(history, three)).toBe(history);
  history = undo(undo(undo(history)));
  expect(history.now).toBe(one);
  history = redo(history);
  expect(history.now).toBe(two);
  expect(redo(history).now).toBe(three);
  expect(redo(step(history, one)).now).toBe(one);
});

it('whatever is drawn in whatever order can be saved, or says why not', () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  let drawn: Plan = [];
  for (let turn = 0; turn < 500; turn++) {
    const [y, x] = [random(12), random(20)];
    const area = { x, y, toX: x + random(9), toY: y + random(5) };
    const rows = { from: y, to: y + random(3) };
    const edits: (() => Plan)[] = [
      () => edit.put(drawn, area, (['s', 's', 'w', 'c', '_'] as const)[random(5)] ?? 's'),
      () => edit.duplicate(drawn, rows),
      () => edit.remove(drawn, rows),
      () => edit.move(drawn, rows, random(2) ? 1 : -1),
      () => edit.shift(drawn, rows, random(5) - 2),
      () => edit.openColumn(drawn, x),
      () => edit.closeColumn(drawn, x),
      () => edit.openAisle(drawn, Math.min(y, drawn.length)),
      () => edit.centre(drawn),
    ];
    drawn = edits[random(edits.length)]?.() ?? drawn;
    // Names are given and kept, whatever happens to the rows.
    expect(faults(drawn).filter(({ problem }) => problem !== 'noSeats')).toEqual([]);
  }
});
