import { admin } from './admin';
import { books } from './books';
import { catalogue } from './catalogue';
import { gate } from './gate';
import { office } from './office';
import { schedule } from './schedule';
import type { StaffMessages } from '../en/staff';

export const staff: StaffMessages = { admin, books, catalogue, gate, office, schedule };
