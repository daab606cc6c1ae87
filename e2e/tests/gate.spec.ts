/** The gate, on a phone: its camera sees what the test puts before it. */
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { flawless } from '../axe';
import { expect, test as base, url } from '../marquee';
import { signedInAs } from '../staff';

/** What the camera films; read when it is opened. */
const FILM = join(tmpdir(), `marquee-gate-${process.pid}.y4m`);
const [WIDTH, HEIGHT] = [640, 480];
const API = () => `${url()}/api/v1`;

const test = base.extend({
  launchOptions: [
    async ({ launchOptions }, use) => {
      const args = [
        ...(launchOptions.args ?? []),
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-video-capture=${FILM}`,
      ];
      await use({ ...launchOptions, args });
      rmSync(FILM, { force: true });
    },
    { scope: 'worker' },
  ],
});

interface Tonight {
  cinema_id: string;
  show_id: string;
  seats: string[];
}

async function call<T>(token: string, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${API()}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true);
  return (await answer.json()) as T;
}

async function signIn(username: string, password: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'password',
    username,
    password,
  });
  const answer = await fetch(`${API()}/auth/token`, { method: 'POST', body });
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** A show whose doors are open, on a screen of its own, in a cinema that no other test looks at. */
async function tonight(name: string): Promise<Tonight> {
  const admin = await signIn('admin@marquee.example', 'marquee-demo-admin');
  const cinemas = await call<{ items: { cinema_id: string; city: string }[] }>(
    admin,
    'GET',
    '/cinemas?limit=100',
  );
  const cinema_id = cinemas.items.filter(({ city }) => city !== 'Mumbai').at(-1)?.cinema_id ?? '';
  const movies = await call<{ items: { movie_id: string }[] }>(admin, 'GET', '/movies?limit=1');
  const { screen_id } = await call<{ screen_id: string }>(
    admin,
    'POST',
    `/admin/cinemas/${cinema_id}/screens`,
    {
      name,
      layout: { rows: [{ row: 'A', category: 'gold', seats: '123456' }] },
    },
  );
  const { show_id } = await call<{ show_id: string }>(admin, 'POST', '/admin/shows', {
    movie_id: movies.items[0]?.movie_id,
    screen_id,
    start_time: new Date(Date.now() + 30 * 60_000).toISOString(),
    prices: { gold: { amount: 25000, currency: 'INR' } },
  });
  const map = await call<{ seats: { seat_id: string }[] }>(admin, 'GET', `/shows/${show_id}/seats`);
  return { cinema_id, show_id, seats: map.seats.map(({ seat_id }) => seat_id) };
}

interface Booking {
  booking_id: string;
  tickets: { token: string; label: string }[];
}

/** Tickets for the first `count` seats, and who bought them. */
async function bought({ show_id, seats }: Tonight, count: number): Promise<Booking & { by: string }> {
  const person = {
    name: 'Ada',
    email: `gate-${crypto.randomUUID()}@example.org`,
    password: 'a long password',
  };
  const by = (await call<{ access_token: string }>('', 'POST', '/auth/register', person)).access_token;
  const lock = await call<{ lock_id: string }>(by, 'POST', `/shows/${show_id}/reserve`, {
    seats: seats.slice(0, count),
  });
  const order = {
    lock_id: lock.lock_id,
    payment_token: 'pm_card_visa',
    idempotency_key: crypto.randomUUID(),
  };
  return { ...(await call<Booking>(by, 'POST', '/booking', order)), by };
}

/** Opens a gate to that show. */
async function openGate(page: Page, { cinema_id, show_id }: Tonight, gate: string): Promise<void> {
  await page.goto('/gate');
  await page.getByLabel('Cinema').selectOption(cinema_id);
  await page.getByLabel('Show', { exact: true }).selectOption(show_id);
  await page.getByLabel('Name of this gate').fill(gate);
  await page.getByRole('button', { name: 'Open the gate' }).click();
  await expect(page.getByRole('heading', { name: gate })).toBeVisible();
  await expect(page.getByText(/Tickets as of/)).toBeVisible();
}

async function type(page: Page, token: string): Promise<void> {
  const next = page.getByRole('button', { name: 'Next ticket' });
  if (await next.isVisible()) await next.click();
  await page.getByLabel('Code').fill(token);
  await page.keyboard.press('Enter');
}

const verdict = (page: Page) => page.locator('.verdict');

/** Puts the code of a ticket before the camera: its dark runs are a path of the ticket's picture. */
function film(svg: string): void {
  const path = svg.split(' d="').find((part) => part.includes('v1h-')) ?? '';
  const runs = [...path.matchAll(/M(\d+) (\d+)h(\d+)v1/g)].map((run) => run.slice(1).map(Number));
  const side = Math.max(...runs.map(([x = 0, , length = 0]) => x + length));
  const scale = Math.floor(HEIGHT / (side + 8));
  const [left, top] = [Math.floor((WIDTH - side * scale) / 2), Math.floor((HEIGHT - side * scale) / 2)];
  const grey = Buffer.alloc(WIDTH * HEIGHT, 235);
  for (const [x = 0, y = 0, length = 0] of runs)
    for (let line = 0; line < scale; line++) {
      const from = (top + y * scale + line) * WIDTH + left + x * scale;
      grey.fill(16, from, from + length * scale);
    }
  const frame = Buffer.concat([Buffer.from('FRAME\n'), grey, Buffer.alloc((WIDTH * HEIGHT) / 2, 128)]);
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`);
  writeFileSync(FILM, Buffer.concat([head, frame, frame]));
}

test('a ticket before the camera lets its bearer in, once @phone', async ({ page, context }) => {
  const show = await tonight('Camera');
  const { booking_id, by } = await bought(show, 1);
  const svg = await fetch(`${API()}/booking/${booking_id}/ticket.svg`, {
    headers: { authorization: `Bearer ${by}` },
  });
  film(await svg.text());
  await context.grantPermissions(['camera']);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await signedInAs(page, 'boxoffice');
  await page.goto('/gate');
  await expect(page.getByRole('heading', { level: 1, name: 'Open a gate' })).toBeVisible();
  await flawless(page, 'setting a gate up');
  await openGate(page, show, 'North');
  await flawless(page, 'an open gate');
  await page.getByRole('button', { name: 'Use the camera' }).click();
  await expect(verdict(page)).toContainText('Welcome');
  await expect(verdict(page)).toContainText('A1');
  await expect(page.getByText('1 of 1 are in')).toBeVisible();
  await flawless(page, 'a guest who is in');
  // It stays before the camera, and is not scanned over and over.
  await expect(page.getByText('Ready for a ticket')).toBeVisible();
  await expect(page.getByText('Already admitted')).toHaveCount(0);
});

test('of two gates one admits a ticket, and the other says where it was @phone', async ({
  page,
  browser,
}) => {
  const show = await tonight('Two gates');
  const { tickets, booking_id, by } = await bought(show, 2);
  const elsewhere = await tonight('Next door');
  const theirs = await bought(elsewhere, 1);
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await signedInAs(page, 'boxoffice');
  await openGate(page, show, 'North');
  const other = await (await browser.newContext({ baseURL: url() })).newPage();
  await signedInAs(other, 'admin');
  await openGate(other, show, 'Side');
  const [first, second] = tickets.map(({ token }) => token) as [string, string];

  await type(page, first);
  await expect(verdict(page)).toContainText('Welcome');
  await type(other, first);
  await expect(verdict(other)).toContainText('Already admitted');
  await expect(verdict(other)).toContainText('At “North”');

  await type(page, theirs.tickets[0]?.token ?? '');
  await expect(verdict(page)).toContainText('Another show');
  await expect(verdict(page)).toContainText('Screen Next door');
  await type(page, 'https://example.org/');
  await expect(verdict(page)).toContainText('Not a ticket');
  await type(page, `${second.slice(0, -20)}${second.slice(-19)}A`);
  await expect(verdict(page)).toContainText('Do not admit');
  await flawless(page, 'a guest who is not let in');
  // Somebody of the party is in: it cannot be given back. The other ticket is still good.
  const cancelled = await fetch(`${API()}/booking/${booking_id}/cancel`, {
    method: 'POST',
    headers: { authorization: `Bearer ${by}` },
  });
  expect(cancelled.status).toBe(409);
  await type(other, second);
  await expect(verdict(other)).toContainText('Welcome');
  await other.context().close();
});

test('a gate without a network works on, and a conflict is shown when it is back @phone', async ({
  page,
  context,
  browser,
}) => {
  const show = await tonight('No network');
  const { tickets } = await bought(show, 3);
  const [fine, twice, forged] = tickets.map(({ token }) => token) as [string, string, string];
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await signedInAs(page, 'boxoffice');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
  await openGate(page, show, 'Side');
  await context.setOffline(true);
  // The phone was put away, and the page is opened anew.
  await page.reload();
  await expect(page.getByText('Without a network')).toBeVisible();
  for (const [at, token] of [fine, twice].entries()) {
    await type(page, token);
    await expect(verdict(page)).toContainText('Checked without a network');
    await expect(page.getByText(`${at + 1} admission`)).toBeVisible();
  }
  await type(page, fine);
  await expect(verdict(page)).toContainText('Already admitted');
  const changed = forged.charAt(40) === 'A' ? 'B' : 'A';
  await type(page, forged.slice(0, 40) + changed + forged.slice(41));
  await expect(verdict(page)).toContainText('Forged');

  const other = await (await browser.newContext({ baseURL: url() })).newPage();
  await signedInAs(other, 'admin');
  await openGate(other, show, 'North');
  await type(other, twice);
  await expect(verdict(other)).toContainText('Welcome');
  await other.context().close();

  await page.reload();
  await expect(page.getByText('2 admissions are not sent yet')).toBeVisible();
  await context.setOffline(false);
  const conflict = page.getByRole('listitem').filter({ hasText: 'A2' });
  await expect(conflict).toContainText('Already admitted');
  await expect(conflict).toContainText('Let in at “Side”');
  await expect(conflict).toContainText('First at “North”');
  await expect(page.getByText(/not sent yet/)).toHaveCount(0);
  await expect(page.getByText('2 of 3 are in')).toBeVisible();
  await flawless(page, 'a conflict');
});

test('a gate is for staff, and comes back to who signs in @phone', async ({ page }) => {
  await page.goto('/gate');
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fgate/);
  await signedInAs(page, 'customer');
  await page.goto('/gate');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Open the gate' })).toHaveCount(0);
});
