/** All that staff reads, apart from what customers do: nobody else fetches it. */
import { admin } from './admin';
import { books } from './books';
import { catalogue } from './catalogue';
import { gate } from './gate';
import { office } from './office';
import { schedule } from './schedule';

export const staff = { admin, books, catalogue, gate, office, schedule };

export type StaffMessages = typeof staff;
