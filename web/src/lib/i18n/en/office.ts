/** The box office. */
export const office = {
  title: 'Box office',
};

export type Office = typeof office;
