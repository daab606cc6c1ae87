/** The parts of administration: where they are, who they are for. A page below a part's address belongs to it. */
import type { Admin } from '../i18n/en/admin';
import type { IconName } from '../ui/Icon.svelte';
import type { For } from './roles';

export interface Part {
  href: string;
  title: keyof Admin['parts'];
  icon: IconName;
  whom: For;
  /** Further addresses that belong to it. */
  also?: string[];
}

export const PARTS: Part[] = [
  { href: '/admin', title: 'dashboard', icon: 'chart', whom: 'managers' },
  { href: '/admin/bookings', title: 'bookings', icon: 'ticket', whom: 'staff' },
  { href: '/admin/schedule', title: 'schedule', icon: 'calendar', whom: 'managers', also: ['/admin/shows'] },
  { href: '/admin/films', title: 'films', icon: 'film', whom: 'admins' },
  { href: '/admin/cinemas', title: 'cinemas', icon: 'map', whom: 'managers', also: ['/admin/screens'] },
  { href: '/admin/users', title: 'users', icon: 'people', whom: 'managers' },
];

/** The part that the page at `path` belongs to. */
export function partOf(path: string): Part | undefined {
  const within = (href: string) => path === href || (href !== '/admin' && path.startsWith(`${href}/`));
  return PARTS.find((part) => [part.href, ...(part.also ?? [])].some(within));
}
