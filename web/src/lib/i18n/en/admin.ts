import { plural } from '../plural';

const n = plural('en');

/** The shell of administration, and what its tables, dialogs and forms share. */
export const admin = {
  title: 'Administration',
  menu: 'Menu',
  parts: {
    dashboard: 'Today',
    bookings: 'Bookings',
    schedule: 'Schedule',
    films: 'Films',
    cinemas: 'Cinemas',
    users: 'Users and roles',
  },
  noRole: 'This part is not yours',
  noRoleText: 'Your account has no role for it. Ask an administrator, or sign in with another account.',
  toPart: (part: string) => `To “${part}”`,
  otherAccount: 'Sign in with another account',
  toStart: 'To the start page',
  cinema: 'Cinema',
  everyCinema: 'All cinemas',
  date: 'Day',
  table: {
    rows: (count: number) => n(count, { one: '# row', other: '# rows' }),
    rowsSoFar: (count: number) => n(count, { one: '# row so far', other: '# rows so far' }),
    none: 'Nothing here.',
    more: 'More',
    sortBy: (column: string) => `Sort by ${column}`,
    exported: 'Export CSV',
    exporting: 'Exporting',
    saved: (count: number) => n(count, { one: '# row saved.', other: '# rows saved.' }),
  },
  save: 'Save',
  saving: 'Saving',
  saved: 'Saved.',
  add: 'Add',
  change: 'Change',
  remove: 'Remove',
  cancel: 'Cancel',
  close: 'Close',
  search: 'Search',
  clear: 'Clear',
  optional: 'optional',
};

export type Admin = typeof admin;
