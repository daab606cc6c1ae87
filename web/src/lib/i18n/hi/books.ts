import type { Books } from '../en/books';

export const books: Books = {
  title: 'बुकिंग',
};
