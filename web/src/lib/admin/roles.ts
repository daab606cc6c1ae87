/** What a person may do at work, and where: pure rules. */
import type { Cinema, User } from '../api/client';

export interface Staff {
  user: User;
  /** Everywhere, and all of it. */
  admin: boolean;
  /** The cinemas whose programme and people are theirs. */
  manages: Cinema[];
  /** The cinemas that they sell and admit for; among them those that they manage. */
  serves: Cinema[];
}

/** The grants of `user` among those cinemas. */
export function atWork(user: User, everywhere: Cinema[]): Staff {
  const admin = user.grants.some(({ role }) => role === 'admin');
  const where = (roles: string[]) =>
    everywhere.filter((cinema) =>
      user.grants.some(
        ({ role, cinema_id }) =>
          roles.includes(role) && (cinema_id === null || cinema_id === cinema.cinema_id),
      ),
    );
  return {
    user,
    admin,
    manages: where(['admin', 'manager']),
    serves: where(['admin', 'manager', 'box_office']),
  };
}

/** Who a part of administration is for. */
export type For = 'staff' | 'managers' | 'admins';

export function may(staff: Staff, whom: For): boolean {
  const granted = (roles: string[]) => staff.user.grants.some(({ role }) => roles.includes(role));
  if (whom === 'admins') return staff.admin;
  return granted(whom === 'managers' ? ['admin', 'manager'] : ['admin', 'manager', 'box_office']);
}
