import type { Office } from '../en/office';

export const office: Office = {
  title: 'टिकट खिड़की',
};
