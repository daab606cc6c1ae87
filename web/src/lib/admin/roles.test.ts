import { expect, it } from 'vitest';
import type { Cinema, User } from '../api/client';
import { atWork, may } from './roles';

const here = { cinema_id: 'here' } as Cinema;
const there = { cinema_id: 'there' } as Cinema;
const person = (...grants: [string, string | null][]) =>
  ({ grants: grants.map(([role, cinema_id]) => ({ role, cinema_id })) }) as User;

it.each([
  ['a customer', person(), [], [], []],
  ['a clerk of one cinema', person(['box_office', 'here']), [], [here], ['staff']],
  ['a clerk of all', person(['box_office', null]), [], [here, there], ['staff']],
  [
    'a manager here and clerk there',
    person(['manager', 'here'], ['box_office', 'there']),
    [here],
    [here, there],
    ['staff', 'managers'],
  ],
  [
    'an administrator',
    person(['admin', null]),
    [here, there],
    [here, there],
    ['staff', 'managers', 'admins'],
  ],
] as const)('%s', (_, user, manages, serves, parts) => {
  const staff = atWork(user, [here, there]);
  expect([staff.manages, staff.serves]).toEqual([manages, serves]);
  expect((['staff', 'managers', 'admins'] as const).filter((whom) => may(staff, whom))).toEqual(parts);
});
