import type { Admin } from '../en/admin';
import { plural } from '../plural';

const n = plural('hi');

export const admin: Admin = {
  title: 'प्रबंधन',
  menu: 'मेनू',
  parts: {
    dashboard: 'आज',
    bookings: 'बुकिंग',
    schedule: 'शो का समय',
    films: 'फ़िल्में',
    cinemas: 'सिनेमाघर',
    users: 'लोग और भूमिकाएँ',
  },
  noRole: 'यह भाग आपके लिए नहीं है',
  noRoleText: 'आपके खाते को इसके लिए कोई भूमिका नहीं दी गई है। प्रबंधक से पूछें, या दूसरे खाते से साइन इन करें।',
  toPart: (part) => `“${part}” पर जाएँ`,
  otherAccount: 'दूसरे खाते से साइन इन करें',
  toStart: 'मुख्य पेज पर जाएँ',
  cinema: 'सिनेमाघर',
  everyCinema: 'सभी सिनेमाघर',
  date: 'दिन',
  table: {
    rows: (count: number) => n(count, { one: '# पंक्ति', other: '# पंक्तियाँ' }),
    rowsSoFar: (count: number) => n(count, { one: 'अब तक # पंक्ति', other: 'अब तक # पंक्तियाँ' }),
    none: 'यहाँ कुछ नहीं है।',
    more: 'और दिखाएँ',
    sortBy: (column: string) => `${column} के क्रम में रखें`,
    exported: 'CSV सहेजें',
    exporting: 'सहेजा जा रहा है',
    saved: (count: number) => n(count, { one: '# पंक्ति सहेजी गई।', other: '# पंक्तियाँ सहेजी गईं।' }),
  },
  save: 'सहेजें',
  saving: 'सहेजा जा रहा है',
  saved: 'सहेज लिया गया।',
  add: 'जोड़ें',
  change: 'बदलें',
  remove: 'हटाएँ',
  cancel: 'रद्द करें',
  close: 'बंद करें',
  search: 'खोजें',
  clear: 'साफ़ करें',
  optional: 'वैकल्पिक',
};
