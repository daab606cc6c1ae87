/** The schedule, prices and blocked seats. */
export const schedule = {
  title: 'Schedule',
};

export type Schedule = typeof schedule;
