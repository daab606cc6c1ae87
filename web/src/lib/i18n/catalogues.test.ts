import { expect, it } from 'vitest';
import { customer } from './en/customer';
import { staff } from './en/staff';
import { customer as customerInHindi } from './hi/customer';
import { staff as staffInHindi } from './hi/staff';

const en = { ...customer, ...staff };
const hi = { ...customerInHindi, ...staffInHindi };

/** Every message by its path; one that takes words is asked with some. */
function messages(of: object, path = ''): [string, string][] {
  return Object.entries(of).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    const here = `${path}.${key}`;
    if (typeof value === 'string') return [[here, value]];
    if (typeof value === 'function')
      return [[here, String((value as (...words: unknown[]) => unknown)(7, 8))]];
    return messages(value as object, here);
  });
}

it('every English message has one in Hindi that is written in Hindi', () => {
  const theirs = new Map(messages(hi));
  const missing = messages(en).filter(([path, text]) => {
    const other = theirs.get(path);
    return other === undefined || (text !== '' && !/[\u0900-\u097f]/.test(other));
  });
  // A name, and a word that is the same in both.
  expect(
    missing.map(([path]) => path).filter((path) => !['.app.name', '.ticket.pdf'].includes(path)),
  ).toEqual([]);
});

it('counts in the plural of the language', () => {
  expect([0, 1, 2].map(en.seats.chosenCount)).toEqual(['0 seats', '1 seat', '2 seats']);
  // In Hindi nothing is counted as one is.
  expect([0, 1, 2].map(hi.seats.chosenCount)).toEqual(['0 सीट', '1 सीट', '2 सीटें']);
});
