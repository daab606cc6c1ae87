/** The gate. */
export const gate = {
  title: 'Gate',
};

export type Gate = typeof gate;
