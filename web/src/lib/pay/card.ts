/**
 * The sandbox's cards. It takes a token, as a gateway does, and never a card's number: which token a test card has is looked up here,
 * and what is typed into the form stays in the page.
 */

export const TEST_CARDS = [
  { word: 'visa', number: '4242424242424242', token: 'pm_card_visa' },
  { word: 'declined', number: '4000000000000002', token: 'pm_card_visa_chargeDeclined' },
  { word: 'funds', number: '4000000000009995', token: 'pm_card_chargeDeclinedInsufficientFunds' },
  { word: 'slow', number: '4000000000002008', token: 'pm_sandbox_slow' },
  { word: 'timeout', number: '4000000000003006', token: 'pm_sandbox_timeout' },
] as const;

export interface Card {
  name: string;
  number: string;
  expiry: string;
  code: string;
}

export type Field = keyof Card;
/** What is wrong with a field, by the word in the catalogue. */
export type Wrong = 'required' | 'number' | 'notATestCard' | 'expiry' | 'expired' | 'code';

const DIGITS_MIN = 13;
const DIGITS_MAX = 19;

export const digitsOf = (text: string): string => text.replace(/\D/g, '').slice(0, DIGITS_MAX);

/** As it stands on a card: in groups of four. */
export const grouped = (text: string): string => digitsOf(text).replace(/(\d{4})(?=\d)/g, '$1 ');

/** As it stands on a card: month, stroke, year. A stroke that is deleted is not put back. */
export function monthAndYear(text: string, before = ''): string {
  const digits = text.replace(/\D/g, '').slice(0, 4);
  const padded = /^[2-9]$/.test(digits) ? `0${digits}` : digits;
  const shortened = text.length < before.length;
  if (padded.length < 2 || (padded.length === 2 && shortened)) return padded;
  return `${padded.slice(0, 2)} / ${padded.slice(2)}`;
}

/** The check digit's rule (ISO/IEC 7812), which finds every single slip and most swaps. */
export function passesLuhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((sum, digit, at) => {
    const value = at % 2 === 0 ? Number(digit) : Number(digit) * 2;
    return sum + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

export function tokenOf(number: string): string | undefined {
  const digits = digitsOf(number);
  return TEST_CARDS.find((card) => card.number === digits)?.token;
}

function wrongNumber(text: string): Wrong | undefined {
  const digits = digitsOf(text);
  if (digits === '') return 'required';
  if (digits.length < DIGITS_MIN || !passesLuhn(digits)) return 'number';
  return tokenOf(digits) === undefined ? 'notATestCard' : undefined;
}

function wrongExpiry(text: string, today: Date): Wrong | undefined {
  const digits = text.replace(/\D/g, '');
  if (digits === '') return 'required';
  const [month, year] = [Number(digits.slice(0, 2)), 2000 + Number(digits.slice(2))];
  if (digits.length !== 4 || month < 1 || month > 12) return 'expiry';
  // A card is good until the end of its month.
  return new Date(year, month, 1) <= today ? 'expired' : undefined;
}

function wrongCode(text: string): Wrong | undefined {
  if (text.trim() === '') return 'required';
  return /^\d{3,4}$/.test(text.trim()) ? undefined : 'code';
}

/** What is wrong with `card`, field by field, in the order of the form. */
export function wrongWith(card: Card, today: Date): Partial<Record<Field, Wrong>> {
  const found: Record<Field, Wrong | undefined> = {
    number: wrongNumber(card.number),
    expiry: wrongExpiry(card.expiry, today),
    code: wrongCode(card.code),
    name: card.name.trim() === '' ? 'required' : undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, wrong]) => wrong !== undefined));
}
