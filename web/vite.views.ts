/**
 * What a page shows until the app does: the frame that every page has, and its heading. The server fills the places that stand in
 * braces, and writes it into the page (`crates/web/src/view.rs`); the app takes it away when it comes itself. The words are the
 * catalogues' own, in every language: which one is shown, `app.css` decides by the language of the page.
 */
import type { Plugin } from 'vite';
import { customer as en, type Customer } from './src/lib/i18n/en/customer';
import { customer as hi } from './src/lib/i18n/hi/customer';

const VIEWS_FILE = '_app/views.json';

const said = (words: (m: Customer) => string): string =>
  Object.entries({ en, hi })
    .map(([language, messages]) => `<span lang="${language}">${words(messages)}</span>`)
    .join('');

/** As in `+layout.svelte`. */
const BAR =
  '<header class="site-bar"><div class="bar"><a class="brand" href="/" aria-label="Marquee">' +
  '<svg viewBox="0 0 40 26" aria-hidden="true">' +
  '<path d="M0 0h40v8a5 5 0 0 0 0 10v8H0v-8A5 5 0 0 0 0 8Z" fill="var(--accent)"/>' +
  '<path d="M11 20V7h4l5 7.5L25 7h4v13h-4.2v-6.2L20 20.6l-4.8-6.8V20Z" fill="var(--accent-ink)"/>' +
  '</svg><span>Marquee</span></a></div></header>';
const FOOT =
  '<footer class="site-foot"><div class="inner">' +
  `<p>${said((m) => m.app.footer)} <a href="/api/docs/">${said((m) => m.app.api)}</a></p></div></footer>`;

const view = (main: string): string => `<div id="first">${BAR}<main>${main}</main>${FOOT}</div>`;

const VIEWS = {
  '/': view(
    '<div class="stage poster-high"></div>' +
      `<div class="page stack"><h1>${said((m) => m.home.inCity('{city}'))}</h1></div>`,
  ),
  '/films/[id]': view(
    '<div class="stage"><div class="inner"><div class="poster"></div>' +
      '<div class="words"><h1>{title}</h1><p class="synopsis">{synopsis}</p></div></div></div>',
  ),
  '/cinemas/[id]': view(
    '<div class="page stack"><div><p class="quiet">{city}</p><h1>{name}</h1></div><p>{address}</p></div>',
  ),
  '/shows/[id]':
    '<div id="first"><main class="show"><h1>{film}</h1>' +
    `<p class="quiet small"><span lang="en">{starts} · {place}</span><span lang="hi">{place}</span></p></main></div>`,
};

export const views: Plugin = {
  name: 'views-before-the-app',
  applyToEnvironment: ({ name }) => name === 'client',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: VIEWS_FILE, source: JSON.stringify(VIEWS) });
  },
};
