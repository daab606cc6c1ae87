/** Films, cinemas, screens and the layout editor. */
export const catalogue = {
  title: 'Films',
};

export type Catalogue = typeof catalogue;
