/** How staff reads what customers see rounded. */
import type { Money } from '../api/client';
import { dates, moneyFormat } from '../i18n/formats';
import { i18n } from '../i18n/i18n.svelte';

/** For spreadsheets: the number alone, with a point. */
export function plainMoney({ amount, currency }: Money): number {
  return amount / 10 ** moneyFormat(i18n.locale, currency, amount).digits;
}

/** Day and time, to the second. */
export function exactMoment(instant: string, timeZone: string | undefined): string {
  return dates(i18n.locale, { dateStyle: 'medium', timeStyle: 'medium', timeZone }).format(new Date(instant));
}
