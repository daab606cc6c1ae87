import { describe, expect, it } from 'vitest';
import { houseOfPlan } from './house';
import { fromText, NotationError, toText } from './notation';
import { count, faults, numberAt, read, same, withoutCompanion, write, type Plan } from './plan';

const row = (name: string, category: string, seats: string) => ({ row: name, category, seats });
const plan = (...rows: [string, string, string][]): Plan => read(rows.map((each) => row(...each)));

describe('the notation', () => {
  it('reads any character but the three as a seat, and forgets gaps at the end', () => {
    expect(plan(['A', 'gold', '12é_w c__'])[0]?.places).toBe('sss_wsc');
  });

  it('writes a cross aisle without a name', () => {
    expect(write(plan(['A', 'gold', 'ss'], ['X', 'gold', '___']))).toEqual([
      row('A', 'gold', 'ss'),
      row('', '', ''),
    ]);
  });

  it('is the same plan whatever its seats are written as', () => {
    expect(same(plan(['A', 'gold', '123_']), plan(['A', 'gold', 'xxx']))).toBe(true);
    expect(same(plan(['A', 'gold', '123']), plan(['A', 'gold', '12w']))).toBe(false);
  });

  it('comes back from its own text', () => {
    const drawn = plan(['A', 'gold', 'ss_ww'], ['', '', ''], ['AA', 'front "row"', '_sc']);
    expect(fromText(toText(drawn))).toEqual(drawn);
    expect(toText(drawn).trim().split('\n')).toHaveLength(5);
  });

  it('is read wherever it stands', () => {
    const rows = [row('A', 'gold', '12_3')];
    for (const json of [rows, { rows }, { name: 'Audi', layout: { rows } }])
      expect(fromText(JSON.stringify(json))).toEqual(plan(['A', 'gold', 'ss_s']));
  });

  it('says what is wrong with a text', () => {
    const problem = (text: string) => {
      try {
        fromText(text);
      } catch (error) {
        return error instanceof NotationError ? [error.problem, error.row] : error;
      }
      return undefined;
    };
    expect(problem('A gold 123')).toEqual(['notJson', undefined]);
    expect(problem('{"rows": []}')).toEqual(['noRows', undefined]);
    expect(problem('null')).toEqual(['noRows', undefined]);
    expect(problem('[{"row": "A", "category": "gold", "seats": "1"}, {"row": "B"}]')).toEqual(['badRow', 2]);
    expect(problem('[7]')).toEqual(['badRow', 1]);
  });
});

describe('a count', () => {
  it('is of seats by kind and category', () => {
    expect(
      count(plan(['A', 'gold', 'ss_wc'], ['', '', '__'], ['B', 'silver', 's'], ['C', 'gold', 's'])),
    ).toEqual({
      seats: 6,
      wheelchair: 1,
      companion: 1,
      categories: [
        { category: 'gold', seats: 5 },
        { category: 'silver', seats: 1 },
      ],
    });
  });

  it('numbers seats without the gaps', () => {
    const drawn = plan(['A', 'gold', '_s_s']);
    expect([0, 1, 2, 3, 9].map((x) => numberAt(drawn, x, 0))).toEqual([0, 1, 0, 2, 0]);
  });
});

describe('faults', () => {
  const problems = (...rows: [string, string, string][]) =>
    faults(plan(...rows)).map(({ problem, y }) => [problem, y]);

  it('are the rules of the server', () => {
    expect(problems(['A', 'gold', 's'], ['', '', '__'])).toEqual([]);
    expect(problems(['', '', ''])).toEqual([['noSeats', undefined]]);
    expect(problems(['A', 'gold', 's'], ['A', 'gold', 's'])).toEqual([['sameName', 1]]);
    expect(problems(['', 'gold', 's'])).toEqual([['noName', 0]]);
    expect(problems(['A-1', 'gold', 's'])).toEqual([['badName', 0]]);
    expect(problems(['ABCDE', 'gold', 's'])).toEqual([['badName', 0]]);
    expect(problems(['कख', ' ', 's'])).toEqual([['noCategory', 0]]);
    expect(problems(['A', 'x'.repeat(33), 's'])).toEqual([['longCategory', 0]]);
    expect(problems(['A', 'gold', 's'.repeat(201)])).toEqual([['tooWide', 0]]);
    const wide = 's'.repeat(200);
    const many = Array.from({ length: 101 }, (_, at): [string, string, string] => [`${at}`, 'gold', wide]);
    expect(problems(...many)).toEqual([['tooManySeats', undefined]]);
    const rows = Array.from({ length: 201 }, (_, at): [string, string, string] => [`${at}`, 'gold', 's']);
    expect(problems(...rows)).toEqual([['tooManyRows', undefined]]);
  });

  it('tell of a wheelchair space whose companion sits elsewhere, which may be saved', () => {
    expect(withoutCompanion(plan(['A', 'gold', 'wc_s'], ['B', 'gold', 'cw'], ['C', 'gold', 'w_c']))).toEqual([
      2,
    ]);
  });
});

it('the customers see what was drawn', () => {
  const house = houseOfPlan(plan(['A', 'gold', '_ss'], ['', '', ''], ['B', 'silver', 'w']));
  expect(house.seats.map(({ label, x, y, seat_type }) => [label, x, y, seat_type])).toEqual([
    ['A1', 1, 0, 'standard'],
    ['A2', 2, 0, 'standard'],
    ['B1', 0, 2, 'wheelchair'],
  ]);
  expect(house.categories.map(({ category }) => category)).toEqual(['gold', 'silver']);
});
