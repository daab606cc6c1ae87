/** The language of the page: its messages, and how it writes dates, times and money. Hindi is fetched when it is asked for. */
import type { Money } from '../api/client';
import { customer as en, type Customer } from './en/customer';
import { dates, languageNames, moneyFormat, numbers } from './formats';

export type Language = 'en' | 'hi';
export const LANGUAGES: Record<Language, string> = { en: 'English', hi: 'हिन्दी' };

const KEPT = 'marquee.language';

class I18n {
  language = $state<Language>('en');
  messages = $state.raw<Customer>(en);
  /** What was asked for last: spoken once its messages are here. */
  wanted: Language = 'en';
  private others: ((language: Language) => Promise<void>)[] = [];

  /** The tag for Intl: the reader's own English where there is one. */
  locale = $derived.by(() => {
    if (this.language === 'hi') return 'hi-IN';
    return navigator.languages.find((tag) => tag.startsWith('en-')) ?? 'en-IN';
  });

  /** The language kept from before, or else the browser's. */
  async start(): Promise<void> {
    const wanted = localStorage.getItem(KEPT) ?? navigator.language.slice(0, 2);
    if (wanted === 'hi') await this.speak('hi');
  }

  async speak(language: Language): Promise<void> {
    this.wanted = language;
    await Promise.all(this.others.map((fetch) => fetch(language)));
    this.messages = language === 'hi' ? (await import('./hi/customer')).customer : en;
    this.language = language;
    document.documentElement.lang = language;
  }

  /** Has `fetch` fetch messages of its own before a language is spoken. */
  alongside(fetch: (language: Language) => Promise<void>): void {
    this.others.push(fetch);
  }

  async choose(language: Language): Promise<void> {
    localStorage.setItem(KEPT, language);
    await this.speak(language);
  }

  money({ amount, currency }: Money): string {
    const { format, digits } = moneyFormat(this.locale, currency, amount);
    return format.format(amount / 10 ** digits);
  }

  /** A time of day by the wall of `timeZone`. */
  time(instant: string, timeZone: string | undefined): string {
    return dates(this.locale, { hour: 'numeric', minute: '2-digit', timeZone }).format(new Date(instant));
  }

  /** Such as “Thu 26 Nov”. */
  day(instant: string | Date, timeZone: string | undefined): string {
    return dates(this.locale, { weekday: 'short', day: 'numeric', month: 'short', timeZone }).format(
      new Date(instant),
    );
  }

  /** Day and time. */
  moment(instant: string, timeZone: string | undefined): string {
    return dates(this.locale, {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      hour: 'numeric',
      minute: '2-digit',
      timeZone,
    }).format(new Date(instant));
  }

  date(date: string): string {
    return dates(this.locale, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(date));
  }

  number(value: number): string {
    return numbers(this.locale).format(value);
  }

  percent(share: number): string {
    return numbers(this.locale, { style: 'percent', maximumFractionDigits: 0 }).format(share);
  }

  /** A language's own name in this language. */
  tongue(code: string): string {
    try {
      return languageNames(this.locale).of(code) ?? code;
    } catch {
      return code;
    }
  }

  genre(name: string): string {
    return this.messages.genres[name] ?? name;
  }

  list(parts: string[]): string {
    return new Intl.ListFormat(this.locale, { style: 'narrow' }).format(parts);
  }
}

export const i18n = new I18n();
