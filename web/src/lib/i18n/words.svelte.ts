/** The messages of staff's pages, in the language of the page; Hindi is fetched when it is asked for. */
import { staff as en, type StaffMessages } from './en/staff';
import { i18n, type Language } from './i18n.svelte';

class Words {
  private hindi = $state.raw<StaffMessages>();
  messages = $derived(i18n.language === 'hi' && this.hindi ? this.hindi : en);

  constructor() {
    i18n.alongside((language) => this.fetch(language));
  }

  /** Before a staff page is shown. */
  start(): Promise<void> {
    return this.fetch(i18n.language);
  }

  private async fetch(language: Language): Promise<void> {
    if (language === 'hi') this.hindi ??= (await import('./hi/staff')).staff;
  }
}

export const words = new Words();
