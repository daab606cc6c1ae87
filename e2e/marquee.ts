/** What every test has: a page that may not break the house's rules, people who are signed in, and shows of their own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';

export { expect };
export const url = () => process.env.MARQUEE_URL ?? '';
export const hastyUrl = () => process.env.MARQUEE_HASTY_URL ?? '';

export interface Show {
  show_id: string;
  movie_id: string;
  movie_title: string;
  cinema_id: string;
  screen_id: string;
  seats_total: number;
  start_time: string;
  status: string;
}

export const test = base.extend<{ rules: string[] }>({
  baseURL: async ({}, use) => use(url()),
  /** Errors of scripts, breaches of the policy and requests to somebody else fail the test that made them. */
  rules: [
    async ({ context, baseURL }, use) => {
      const broken: string[] = [];
      watch(context, broken, baseURL ?? '');
      await use(broken);
      expect(broken).toEqual([]);
    },
    { auto: true },
  ],
});

export function watch(context: BrowserContext, broken: string[], origin: string): void {
  context.on('weberror', (error) => broken.push(`script: ${error.error().message}`));
  context.on('console', (message) => {
    if (/content security policy/i.test(message.text())) broken.push(`policy: ${message.text()}`);
  });
  context.on('request', (request) => {
    const to = new URL(request.url());
    const ours = [origin, url(), hastyUrl()].some((own) => own !== '' && to.origin === new URL(own).origin);
    if (!ours && to.protocol.startsWith('http')) broken.push(`third party: ${request.url()}`);
  });
}

const programmes = new Map<string, Promise<Show[]>>();

/** The shows that tests buy from: not today's, which may start while we look; and not of small houses, whose rows are short. */
async function programme(server: string): Promise<Show[]> {
  const shows: Show[] = [];
  let cursor = '';
  do {
    const answer = await fetch(
      `${server}/api/v1/shows?city=Mumbai&limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    const page = (await answer.json()) as { items: Show[]; next_cursor: string | null };
    shows.push(...page.items);
    cursor = page.next_cursor ?? '';
  } while (cursor);
  const tomorrow = Date.now() + 20 * 3600_000;
  return shows.filter(
    (show) => Date.parse(show.start_time) > tomorrow && show.seats_total > 150 && show.seats_total < 1000,
  );
}

/** Whether the show is that test's: the first to ask has it. All that run share a folder of who has what. */
function claimed(show: Show, name: string): boolean {
  const folder = process.env.E2E_CLAIMS;
  if (!folder) return true;
  const claim = join(folder, show.show_id);
  try {
    writeFileSync(claim, name, { flag: 'wx' });
    return true;
  } catch {
    return readFileSync(claim, 'utf8') === name;
  }
}

/** A show of the next days that this test alone buys from; whoever gives the same name shares it. */
export async function showFor(name: string, server = url()): Promise<Show> {
  const known = programmes.get(server) ?? programme(server);
  programmes.set(server, known);
  const shows = await known;
  let hash = 7;
  for (const char of name) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  const from = hash % Math.max(1, shows.length);
  const inTurn = [...shows.slice(from), ...shows.slice(0, from)];
  const show = inTurn.find((one) => claimed(one, name)) ?? inTurn[0];
  if (!show) throw new Error('the demo has no shows');
  return show;
}

let people = 0;

/** Signs a new person in, as the form does, without the form. */
export async function signedIn(page: Page, server = url()): Promise<{ email: string; password: string }> {
  people += 1;
  const email = `guest-${process.pid}-${Date.now()}-${people}@example.org`;
  const password = 'a long password';
  const answer = await page.request.post(`${server}/api/v1/session/register`, {
    data: { name: 'Ada Lovelace', email, password },
    headers: { 'x-marquee-csrf': '1' },
  });
  expect(answer.ok(), await answer.text()).toBe(true);
  const person: unknown = await answer.json();
  // Any page of the site will do; this one has no scripts.
  await page.goto(`${server}/robots.txt`);
  await page.evaluate((kept) => localStorage.setItem('marquee.person', JSON.stringify(kept)), person);
  return { email, password };
}

/** Opens a show with seats of the server's choice in the tray. */
export async function chooseBest(page: Page, show: Show, count: number, server = url()): Promise<void> {
  await page.goto(`${server}/shows/${show.show_id}`);
  await page.getByRole('button', { name: 'Best seats' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: String(count), exact: true }).check();
  await dialog.getByRole('button', { name: 'Find seats' }).click();
  await expect(page.getByRole('button', { name: /^Give up seat/ })).toHaveCount(count);
}

/** From seats in the tray to the page where they are paid for. */
export async function holdChosen(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Hold these seats' }).click();
  await expect(page).toHaveURL(/\/checkout\//);
  await expect(page.getByRole('heading', { name: 'Pay with' })).toBeVisible();
}

/** Pays with the test card that does what `outcome` says. */
export async function pay(page: Page, outcome: RegExp): Promise<void> {
  await page.getByRole('button', { name: outcome }).click();
  await page.getByRole('button', { name: /^Pay ₹/ }).click();
}

/** Walks the seat map's cursor with keys until it is on `label`. */
export async function cursorTo(page: Page, label: string): Promise<void> {
  const map = page.getByRole('application', { name: 'Seat map' });
  await map.focus();
  const [row, number] = [label.slice(0, 1), Number(label.slice(1))];
  for (let step = 0; step < 60; step++) {
    const at = (await map.getAttribute('data-cursor')) ?? '';
    if (at === label) return;
    if (at.slice(0, 1) !== row) await page.keyboard.press(at.slice(0, 1) < row ? 'ArrowDown' : 'ArrowUp');
    else await page.keyboard.press(Number(at.slice(1)) < number ? 'ArrowRight' : 'ArrowLeft');
  }
  throw new Error(`the cursor did not come to ${label}`);
}
