import type { Colours } from './paint';

/** The colours of a seat map as the theme has them now where `element` is. */
export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const colours = {
    ground: of('ground'),
    raised: of('raised'),
    ink: of('ink'),
    quiet: of('quiet'),
    line: of('line'),
    accent: of('accent'),
    accentInk: of('accent-ink'),
    taken: of('seat-taken'),
    takenInk: of('seat-taken-ink'),
    warn: of('warn'),
    categories: [1, 2, 3, 4, 5, 6].map((at) => of(`seat-${at}`)),
  };
  return { ...colours, key: Object.values(colours).join(' ') };
}
