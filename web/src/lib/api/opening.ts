/**
 * The answers that came with the page: the server knows what it will ask first, and saves it the way. Each is good once, and none is
 * when the first page is there: by then it may be wrong.
 */
const HELD = 'script[data-call]';

export const opening = {
  /** The answer to `request`, if the page has it. */
  take({ method, url }: Request): Response | undefined {
    if (method !== 'GET') return undefined;
    const { pathname, search } = new URL(url);
    const call = pathname + search;
    const held = [...document.querySelectorAll<HTMLElement>(HELD)].find(
      (one) => one.dataset['call'] === call,
    );
    held?.remove();
    return held && new Response(held.textContent, { headers: { 'content-type': 'application/json' } });
  },

  /** Drops what was not asked for. */
  close(): void {
    for (const held of document.querySelectorAll(HELD)) held.remove();
  },
};
