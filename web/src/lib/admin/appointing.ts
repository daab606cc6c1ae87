/** Who has which role where, and who may give and take it: the server's rules, so that nothing is offered that it refuses. */
import type { Cinema, Grant, User } from '../api/client';
import type { Staff } from './roles';

export type Role = Grant['role'];

interface Names {
  roles: Record<string, string>;
  everywhere: string;
  at: (role: string, cinema: string) => string;
}

/** The grants of somebody, by what they are called. */
export function rolesOf(user: User, everywhere: readonly Cinema[], names: Names) {
  return user.grants.map((grant) => {
    const role = names.roles[grant.role] ?? grant.role;
    const place = everywhere.find((cinema) => cinema.cinema_id === grant.cinema_id)?.name;
    const where = grant.cinema_id === null ? names.everywhere : (place ?? grant.cinema_id);
    return { ...grant, label: grant.role === 'admin' ? role : names.at(role, where) };
  });
}

/** The roles that this staff may give to somebody. */
export function givenBy(staff: Staff): Role[] {
  return staff.admin ? ['box_office', 'manager', 'admin'] : ['box_office'];
}

/** Whether this staff may take that grant from `user`. */
export function mayTake(staff: Staff, user: User, grant: Grant): boolean {
  if (grant.role === 'admin') return staff.admin && user.user_id !== staff.user.user_id;
  if (staff.admin) return true;
  return grant.role === 'box_office' && staff.manages.some((cinema) => cinema.cinema_id === grant.cinema_id);
}

/** Where that role can be given: an administrator's everywhere, a manager's in a cinema, the box office either way. */
export function placesFor(role: Role, staff: Staff): (Cinema | null)[] {
  if (role === 'admin') return [null];
  if (role === 'manager' || !staff.admin) return staff.manages;
  return [null, ...staff.manages];
}
