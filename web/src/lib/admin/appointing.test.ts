import { expect, it } from 'vitest';
import type { Cinema, User } from '../api/client';
import { givenBy, mayTake, placesFor } from './appointing';
import { atWork } from './roles';

const [here, there] = ['here', 'there'].map((cinema_id) => ({ cinema_id, name: cinema_id }) as Cinema);
const everywhere = [here, there] as Cinema[];
const person = (user_id: string, role: string, cinema_id: string | null) =>
  ({ user_id, grants: [{ role, cinema_id }] }) as User;
const admin = atWork(person('root', 'admin', null), everywhere);
const manager = atWork(person('asha', 'manager', 'here'), everywhere);

it('a manager gives and takes the box office of their cinemas, and nothing else', () => {
  expect(givenBy(manager)).toEqual(['box_office']);
  expect(placesFor('box_office', manager)).toEqual([here]);
  const clerk = person('ada', 'box_office', 'here');
  expect(mayTake(manager, clerk, { role: 'box_office', cinema_id: 'here' })).toBe(true);
  expect(mayTake(manager, clerk, { role: 'box_office', cinema_id: 'there' })).toBe(false);
  expect(mayTake(manager, clerk, { role: 'box_office', cinema_id: null })).toBe(false);
  expect(mayTake(manager, manager.user, { role: 'manager', cinema_id: 'here' })).toBe(false);
});

it('an administrator gives and takes everything but their own role', () => {
  expect(givenBy(admin)).toEqual(['box_office', 'manager', 'admin']);
  expect(placesFor('box_office', admin)).toEqual([null, here, there]);
  expect(placesFor('manager', admin)).toEqual([here, there]);
  expect(placesFor('admin', admin)).toEqual([null]);
  expect(mayTake(admin, admin.user, { role: 'admin', cinema_id: null })).toBe(false);
  expect(mayTake(admin, person('bob', 'admin', null), { role: 'admin', cinema_id: null })).toBe(true);
});
