import { numbers } from './formats';

/** Picks the form of `language` for `count`; `#` in it stands for the number. */
export function plural(language: string) {
  // Not before it is asked for: the first of these takes longer than all else that runs when the app starts.
  let rules: Intl.PluralRules | undefined;
  return (count: number, forms: { one: string; other: string }): string => {
    rules ??= new Intl.PluralRules(language);
    const form = rules.select(count) === 'one' ? forms.one : forms.other;
    return form.replace('#', numbers(language).format(count));
  };
}
