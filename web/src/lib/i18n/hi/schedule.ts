import type { Schedule } from '../en/schedule';

export const schedule: Schedule = {
  title: 'शो का समय',
};
