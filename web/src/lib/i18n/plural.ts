/** Picks the form of `language` for `count`; `#` in it stands for the number. */
export function plural(language: string) {
  const rules = new Intl.PluralRules(language);
  const number = new Intl.NumberFormat(language);
  return (count: number, forms: { one: string; other: string }): string =>
    (rules.select(count) === 'one' ? forms.one : forms.other).replace('#', number.format(count));
}
