import type { Page } from '@playwright/test';
import { flawless, flawlessInBoth } from '../axe';
import { chooseBest, expect, holdChosen, pay, showFor, signedIn, test } from '../marquee';

test('axe finds nothing, in light and in dark', async ({ page }, info) => {
  test.setTimeout(240_000);
  const show = await showFor(info.testId);
  for (const path of [
    '/',
    '/search?q=the',
    `/films/${show.movie_id}`,
    `/cinemas/${show.cinema_id}`,
    '/sign-in',
    '/register',
    '/nowhere',
  ]) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await flawlessInBoth(page, path);
  }
  await signedIn(page);
  await page.goto(`/shows/${show.show_id}`);
  await page.getByRole('button', { name: 'List' }).click();
  await page.locator('summary').nth(2).click();
  await flawlessInBoth(page, 'seat list');
  await chooseBest(page, show, 2);
  await flawlessInBoth(page, 'seat map');
  await page.getByRole('button', { name: 'Best seats' }).click();
  await flawlessInBoth(page, 'best seats');
  await page.keyboard.press('Escape');
  await holdChosen(page);
  await pay(page, /declined by the bank/);
  await expect(page.getByText('The card was declined')).toBeVisible();
  await flawlessInBoth(page, 'checkout');
  await page.goto('/');
  await expect(page.getByRole('timer')).toBeVisible();
  await flawlessInBoth(page, 'a hold on the start page');
  await page.goBack();
  await pay(page, /is accepted/);
  await expect(page.getByText('You are booked.')).toBeVisible();
  await flawlessInBoth(page, 'ticket');
  await page.getByRole('button', { name: 'Cancel booking' }).click();
  await flawlessInBoth(page, 'cancel');
  for (const path of ['/bookings', '/account']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await flawlessInBoth(page, path);
  }
});

test('in Hindi, and it stays', async ({ page }) => {
  await page.goto('/?city=Mumbai');
  await page.getByLabel('Language').selectOption('hi');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Mumbai में चल रही फ़िल्में');
  await expect(page.locator('html')).toHaveAttribute('lang', 'hi');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Mumbai में चल रही फ़िल्में');
  await flawless(page, 'Hindi');
});

test('dark by choice, before the first paint', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/search');
  await page.getByLabel('Theme').selectOption('dark');
  await page.reload({ waitUntil: 'commit' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect
    .poll(() => page.evaluate(() => getComputedStyle(document.body).backgroundColor))
    .toBe('rgb(19, 16, 20)');
});

test('nothing shifts and nothing is wider than the window', async ({ page }, info) => {
  const show = await showFor(info.testId);
  await page.addInitScript(() => {
    const seen = { shift: 0 };
    Object.assign(window, { seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
      })[])
        if (!entry.hadRecentInput) seen.shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const path of [
    '/',
    `/films/${show.movie_id}`,
    `/cinemas/${show.cinema_id}`,
    `/shows/${show.show_id}`,
    '/sign-in',
  ]) {
    await page.goto(path);
    await expect(page.locator('.app').getByRole('heading', { level: 1 })).toBeVisible();
    const { shift, wider } = await page.evaluate(() => ({
      shift: (window as unknown as { seen: { shift: number } }).seen.shift,
      wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    }));
    expect(shift, `${path} shifts`).toBeLessThan(0.01);
    expect(wider, `${path} is too wide`).toBeLessThanOrEqual(0);
  }
});

test('a page begins with its heading, where the app then has it', async ({
  browser,
  page,
  baseURL,
}, info) => {
  const show = await showFor(info.testId);
  const pages = {
    '/?city=Mumbai': 'Now showing in Mumbai',
    [`/films/${show.movie_id}`]: show.movie_title,
    [`/cinemas/${show.cinema_id}`]: /\w/,
    [`/shows/${show.show_id}`]: show.movie_title,
  };
  const { viewport, userAgent } = info.project.use;
  const bare = await browser.newContext({
    javaScriptEnabled: false,
    ...(baseURL ? { baseURL } : {}),
    ...(viewport ? { viewport } : {}),
    ...(userAgent ? { userAgent } : {}),
  });
  const first = await bare.newPage();
  for (const [path, heading] of Object.entries(pages)) {
    await first.goto(path);
    const before = first.getByRole('heading', { level: 1, name: heading });
    await expect(before).toBeVisible();
    await page.goto(path);
    const after = page.locator('.app').getByRole('heading', { level: 1 });
    await expect(after).toBeVisible();
    await expect(page.locator('h1')).toHaveCount(1);
    await expect(page.locator('#first')).toHaveCount(0);
    const [was, is] = [await before.boundingBox(), await after.boundingBox()];
    // Above it stands what only those read who have no scripts.
    const top = (await first.locator('#first').boundingBox())?.y ?? 0;
    expect(Math.abs((was?.y ?? 0) - top - (is?.y ?? 0)), `${path} from above`).toBeLessThan(1.5);
    expect(Math.abs((was?.x ?? 0) - (is?.x ?? 0)), `${path} from the left`).toBeLessThan(1.5);
  }
  for (const path of ['/sign-in', '/search', '/films/none']) {
    await first.goto(path);
    await expect(first.locator('h1')).toHaveCount(0);
  }
  await bare.close();
});

test('what is not there, and a way on', async ({ page }) => {
  await page.goto('/films/00000000-0000-7000-8000-000000000000');
  await expect(page.getByText('There is nothing here')).toBeVisible();
  await page.getByRole('link', { name: 'To the start page' }).click();
  await expect(page.getByRole('heading', { name: /Now showing/ })).toBeVisible();
});

test('a wrong password is refused, and no link leads off the site after signing in', async ({ page }) => {
  const { email, password } = await signedIn(page);
  await page.goto('/account');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
  await page.goto('/account');
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await page.goto('/sign-in?next=//evil.example');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill('not this password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('E-mail or password is not right.')).toBeVisible();
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: /Now showing/ })).toBeVisible();
});

test('a ticket opens without a network', async ({ page, context }, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await page.goto('/search');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
  await chooseBest(page, show, 2);
  await holdChosen(page);
  await pay(page, /is accepted/);
  const ticket = page.getByRole('img', { name: /QR code/ });
  await expect(ticket).toBeVisible();
  await expect.poll(() => ticket.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(0);
  await page.goto('/bookings');
  await expect(page.locator('a.booking')).toHaveCount(1);
  await context.setOffline(true);
  await page.reload();
  await page.locator('a.booking').click();
  await expect(ticket).toBeVisible();
  await expect.poll(() => ticket.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(0);
  await expect(page.getByText(/You are offline/)).toBeVisible();
  await context.setOffline(false);
});

test('a page comes with what it asks first, wherever somebody chose to be @phone', async ({ page }, info) => {
  const show = await showFor(info.testId);
  const asked: string[] = [];
  page.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname.startsWith('/api/v1/') && !pathname.endsWith('/seats/events')) asked.push(pathname + search);
  });
  await page.goto('/?city=Mumbai');
  await page.getByLabel('City').selectOption('New York');
  await expect(page.getByRole('heading', { name: 'Now showing in New York' })).toBeVisible();
  expect(asked, 'a choice is asked for').not.toEqual([]);
  for (const [path, heading, calls] of [
    ['/', 'Now showing in New York', []],
    [`/films/${show.movie_id}?city=Mumbai`, show.movie_title, []],
    [`/cinemas/${show.cinema_id}`, /./, []],
    [`/shows/${show.show_id}`, show.movie_title, [`/api/v1/shows/${show.show_id}/seats`]],
  ] as const) {
    asked.length = 0;
    await page.goto(path);
    await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
    expect(asked, path).toEqual(calls);
  }
});
