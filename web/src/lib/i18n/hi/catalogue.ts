import type { Catalogue } from '../en/catalogue';

export const catalogue: Catalogue = {
  title: 'फ़िल्में',
};
