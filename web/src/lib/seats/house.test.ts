import { describe, expect, it } from 'vitest';
import { houseOf, instead, leftAlone, neighbour, type House } from './house';

/** A house from rows as the contract writes them; `x` is a seat that is taken. */
function house(...rows: string[]): { house: House; free: (index: number) => boolean } {
  const taken = new Set<string>();
  const seats = rows.flatMap((row, y) => {
    let number = 0;
    return [...row].flatMap((place, x) => {
      if (place === '_') return [];
      number += 1;
      const name = String.fromCharCode(65 + y);
      if (place === 'x') taken.add(`${name}-${number}`);
      return [
        {
          seat_id: `${name}-${number}`,
          label: `${name}${number}`,
          row: name,
          number,
          x,
          y,
          category: 'gold',
          seat_type:
            place === 'w'
              ? ('wheelchair' as const)
              : place === 'c'
                ? ('companion' as const)
                : ('standard' as const),
          status: 'available' as const,
          price: { amount: 100, currency: 'INR' },
        },
      ];
    });
  });
  const made = houseOf({
    show_id: 's',
    version: 1,
    seats_total: seats.length,
    seats_available: seats.length,
    categories: [],
    seats,
  });
  return { house: made, free: (index) => !taken.has(made.seats[index]?.seat_id ?? '') };
}

const labels = (of: House, seats: readonly number[] | undefined) =>
  seats?.map((index) => of.seats[index]?.label);

describe('a choice', () => {
  it('that leaves one seat before the aisle leaves it alone', () => {
    const { house: of, free } = house('....__....');
    expect(labels(of, leftAlone(of, free, new Set([1, 2])))).toEqual(['A1', 'A4']);
    expect(leftAlone(of, free, new Set([0, 1]))).toEqual([]);
  });

  it('is not to blame for a seat that was alone before', () => {
    const { house: of, free } = house('x.x..');
    expect(leftAlone(of, free, new Set([3, 4]))).toEqual([]);
  });

  it('may leave a wheelchair space or its companion', () => {
    const { house: of, free } = house('wc..cw');
    expect(leftAlone(of, free, new Set([2, 3]))).toEqual([]);
  });

  it('has its nearest neighbours as an alternative', () => {
    const { house: of, free } = house('......');
    expect(labels(of, instead(of, free, [1, 2]))).toEqual(['A1', 'A2']);
  });

  it('has no alternative where nothing else fits, and is let through', () => {
    const { house: of, free } = house('...');
    expect(leftAlone(of, free, new Set([0, 1])).length).toBe(1);
    expect(instead(of, free, [0, 1])).toBeUndefined();
  });

  it('goes to another row when its own has no room', () => {
    const { house: of, free } = house('...', 'xx..');
    expect(labels(of, instead(of, free, [0, 1]))).toEqual(['B3', 'B4']);
  });
});

describe('the arrow keys', () => {
  it('step over aisles, and to the nearest seat of the next row', () => {
    const { house: of } = house('..__..', '.____.');
    expect(neighbour(of, 1, 'right')).toBe(2);
    expect(neighbour(of, 2, 'down')).toBe(5);
    expect(neighbour(of, 0, 'left')).toBe(0);
    expect(neighbour(of, 4, 'up')).toBe(0);
    expect(neighbour(of, 4, 'down')).toBe(4);
  });
});
