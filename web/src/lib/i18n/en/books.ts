/** Bookings, users and the dashboard. */
export const books = {
  title: 'Bookings',
};

export type Books = typeof books;
