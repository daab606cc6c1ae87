import { readFile } from 'node:fs/promises';
import type { APIRequestContext, Page } from '@playwright/test';
import { flawless, flawlessInBoth } from '../axe';
import { expect, showFor, test, url, type Show } from '../marquee';
import { signedInAs } from '../staff';

interface Sold {
  booking_id: string;
  reference: string;
  email: string;
}

/** A show in the demo's first cinema, whose manager is the demo's. */
async function managedShow(name: string): Promise<Show> {
  const answer = await fetch(`${url()}/api/v1/cinemas?city=Mumbai&limit=100`);
  const cinemas = ((await answer.json()) as { items: { cinema_id: string; name: string }[] }).items;
  const regent = cinemas.find((cinema) => cinema.name.startsWith('The Regent'));
  for (let turn = 0; turn < 40; turn++) {
    const show = await showFor(`${name} ${turn}`);
    if (show.cinema_id === regent?.cinema_id) return show;
  }
  throw new Error('the demo has no show in the first cinema');
}

let sold = 0;

/** Somebody buys a seat, as an API client does. */
async function sell(request: APIRequestContext, show: Show, name: string): Promise<Sold> {
  sold += 1;
  const email = `sold-${process.pid}-${Date.now()}-${sold}@example.org`;
  const post = async (path: string, data: object, token = '') => {
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const answer = await request.post(`${url()}/api/v1${path}`, { data, headers });
    expect(answer.ok(), await answer.text()).toBe(true);
    return (await answer.json()) as Record<string, string>;
  };
  const { access_token } = await post('/auth/register', { name, email, password: 'a long password' });
  const best = await request.get(`${url()}/api/v1/shows/${show.show_id}/best-seats?count=1`);
  const { seats } = (await best.json()) as { seats: string[] };
  const { lock_id } = await post(`/shows/${show.show_id}/reserve`, { seats }, access_token);
  const { booking_id, reference } = await post(
    '/booking',
    { lock_id, payment_token: 'pm_card_visa' },
    access_token,
  );
  return { booking_id: booking_id ?? '', reference: reference ?? '', email };
}

const notYours = (page: Page) => page.getByRole('heading', { name: 'This part is not yours' });
const nav = (page: Page) => page.getByRole('navigation', { name: 'Administration' });

test('whoever has no business here is told so, and shown nothing @desk', async ({ page }) => {
  await page.goto('/admin/users?role=admin');
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fadmin%2Fusers%3Frole%3Dadmin/);

  await signedInAs(page, 'customer');
  await page.goto('/search');
  await expect(page.getByRole('navigation', { name: 'For staff' })).toHaveCount(0);
  for (const path of ['/admin', '/box-office', '/gate']) {
    await page.goto(path);
    await expect(notYours(page)).toBeVisible();
    await expect(nav(page)).toHaveCount(0);
    await expect(page.getByRole('link', { name: 'To the start page' })).toBeVisible();
  }

  await signedInAs(page, 'boxoffice');
  await page.goto('/search');
  await page
    .getByRole('navigation', { name: 'For staff' })
    .getByRole('link', { name: 'Administration' })
    .click();
  await expect(page.getByRole('heading', { level: 1, name: 'Bookings' })).toBeVisible();
  await expect(nav(page).getByRole('link')).toHaveText(['Bookings']);
  // Another's first page leads to one's own, and another's part names it.
  await page.goto('/admin');
  await expect(page.getByRole('heading', { level: 1, name: 'Bookings' })).toBeVisible();
  await page.goto('/admin/users');
  await expect(notYours(page)).toBeVisible();
  await page.getByRole('link', { name: 'To “Bookings”' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Bookings' })).toBeVisible();
  for (const path of ['users', 'dashboard?date=2026-11-26']) {
    expect((await page.request.get(`/api/v1/admin/${path}`)).status()).toBe(403);
  }

  await signedInAs(page, 'manager');
  await page.goto('/admin');
  await expect(nav(page).getByRole('link')).toHaveText([
    'Today',
    'Bookings',
    'Schedule',
    'Cinemas',
    'Users and roles',
  ]);
});

test('a page that the server refuses says whose it is not, and the right account gets there @desk', async ({
  page,
  request,
}) => {
  const answer = await request.get('/api/v1/cinemas?city=London&limit=100');
  const { items } = (await answer.json()) as { items: { screens: { screen_id: string }[] }[] };
  const path = `/admin/screens/${items[0]?.screens[0]?.screen_id}`;
  await signedInAs(page, 'manager');
  await page.goto(path);
  await expect(notYours(page)).toBeVisible();
  await flawless(page, 'refused');
  await expect(page.getByRole('link', { name: 'To “Cinemas”' })).toBeVisible();
  // What was granted may be gone since the page was opened.
  await page.route('**/api/v1/admin/dashboard?*', (route) =>
    route.fulfill({ status: 403, json: { code: 'forbidden' } }),
  );
  await page.goto('/admin');
  await expect(notYours(page)).toBeVisible();

  await page.goto(path);
  await page.getByRole('link', { name: 'Sign in with another account' }).click();
  await page.getByLabel('E-mail').fill('admin@marquee.example');
  await page.getByLabel('Password').fill('marquee-demo-admin');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(path);
  await expect(page.getByRole('heading', { name: /^Seats of / })).toBeVisible();
});

test('a booking is found by its reference, told, cancelled and refunded @desk', async ({
  page,
  request,
}, info) => {
  const { booking_id, reference } = await sell(request, await managedShow(info.testId), 'Asha Rao');
  await signedInAs(page, 'manager');
  await page.goto('/admin/bookings');
  const find = page.getByRole('searchbox', { name: 'Reference, name or e-mail' });
  await find.fill(reference.toLowerCase().replace('-', ' '));
  await find.press('Enter');
  const row = page.getByRole('row', { name: reference });
  await expect(row).toContainText('Asha Rao');
  await page.getByRole('link', { name: reference }).press('Enter');
  await expect(page).toHaveURL(new RegExp(booking_id));
  const story = page.getByRole('region', { name: 'Story' });
  await expect(story.getByRole('listitem').first()).toContainText('Seats taken, price fixed');
  await expect(story).toContainText('Asha Rao');
  // Of a journal that is too long to be read whole the page says so.
  await expect(story.getByText('may be missing')).toHaveCount(0);
  await page.route('**/story', async (route) => {
    const told = (await (await route.fetch()).json()) as object;
    await route.fulfill({ json: { ...told, complete: false } });
  });
  await page.reload();
  await expect(story.getByText('What happened at other times may be missing.')).toBeVisible();
  await page.unroute('**/story');

  await page.getByRole('button', { name: 'Cancel and refund' }).click();
  const dialog = page.getByRole('dialog', { name: 'Cancel this booking?' });
  await expect(dialog).toContainText(/The guest gets ₹[\d,]+ back/);
  await dialog.getByRole('textbox', { name: /Reason/ }).fill('Rang up, is ill');
  await dialog.getByRole('button', { name: 'Cancel it' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('main').getByText('Cancelled', { exact: true }).first()).toBeVisible();
  await expect(page.getByText(/was given back/)).toBeVisible({ timeout: 15_000 });
  await expect(story).toContainText('Refund paid');
  await expect(story).toContainText('Rang up, is ill');
});

test('what is exported is all of it, and no text in it is a formula @desk', async ({
  page,
  request,
}, info) => {
  const show = await managedShow(info.testId);
  await sell(request, show, '=HYPERLINK("http://evil.example")');
  await signedInAs(page, 'manager');
  await page.goto(`/admin/bookings?show=${show.show_id}`);
  await expect(page.getByRole('row', { name: /HYPERLINK/ }).first()).toBeVisible();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export CSV' }).click();
  const text = await readFile(await (await saved).path(), 'utf8');
  expect(text.startsWith('\ufeffBooking,Guest,E-mail,')).toBe(true);
  expect(text).toContain(`"'=HYPERLINK(""http://evil.example"")"`);

  const guests = page.getByRole('columnheader', { name: 'Guest' });
  await guests.getByRole('button').press('Enter');
  await expect(guests).toHaveAttribute('aria-sort', 'ascending');
  await guests.getByRole('button').press('Enter');
  await expect(guests).toHaveAttribute('aria-sort', 'descending');
});

test('a manager employs somebody and lets them go @desk', async ({ page, request }, info) => {
  const { email } = await sell(request, await managedShow(info.testId), 'Bina');
  await signedInAs(page, 'manager');
  await page.goto('/admin/users');
  await expect(page.getByRole('row', { name: 'manager@marquee.example' })).toBeVisible();
  const find = page.getByRole('searchbox');
  await find.fill('Bina');
  await find.press('Enter');
  await expect(page.getByText('Nobody of your staff fits.')).toBeVisible();
  await find.fill(email);
  await find.press('Enter');
  await page.getByRole('button', { name: 'Roles of Bina' }).click();
  const dialog = page.getByRole('dialog', { name: 'Roles of Bina' });
  await expect(dialog.getByLabel('Role')).toHaveText(/^\s*Box office\s*$/);
  await dialog.getByRole('button', { name: 'Give' }).click();
  await expect(dialog.getByRole('status')).toHaveText('Given: Box office.');
  await dialog.getByRole('button', { name: /^Take away: Box office, The Regent/ }).click();
  await expect(dialog.getByRole('status')).toContainText('Taken away');
  await expect(dialog).toContainText('No role: a customer.');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Roles of Bina' })).toBeFocused();
});

test('the day goes on under the eye @desk', async ({ page, request }, info) => {
  const show = await managedShow(info.testId);
  await signedInAs(page, 'manager');
  await page.goto('/admin');
  const bookings = page
    .getByRole('main')
    .locator('dl > div', { hasText: /^Bookings/ })
    .locator('dd');
  const before = Number(await bookings.textContent());
  await page.evaluate(() => document.querySelector('h1')?.setAttribute('data-same', ''));
  await sell(request, show, 'Chitra');
  await expect(async () => expect(Number(await bookings.textContent())).toBeGreaterThan(before)).toPass();
  await expect(page.locator('h1[data-same]')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Sales by hour' }).first()).toContainText('₹');
});

test('axe finds nothing in administration @desk', async ({ page, request }, info) => {
  const { booking_id, reference } = await sell(request, await managedShow(info.testId), 'Devi');
  await signedInAs(page, 'manager');
  await page.goto('/admin');
  await expect(page.getByRole('region', { name: 'Occupancy' }).first()).toBeVisible();
  await flawlessInBoth(page, 'dashboard');
  await page.goto(`/admin/bookings?q=${reference}`);
  await expect(page.getByRole('row', { name: reference })).toBeVisible();
  await flawlessInBoth(page, 'bookings');
  await page.goto(`/admin/bookings/${booking_id}`);
  await page.getByRole('button', { name: 'Cancel and refund' }).click();
  await expect(page.getByRole('button', { name: 'Cancel it' })).toBeVisible();
  await flawlessInBoth(page, 'booking');
  await page.goto('/admin/users');
  await page.getByRole('button', { name: 'Roles of' }).first().click();
  await flawlessInBoth(page, 'users');
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Users and roles' }).click();
  await nav(page).getByRole('link', { name: 'Bookings' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Bookings' })).toBeVisible();
  await expect(nav(page)).toBeHidden();
  await flawlessInBoth(page, 'bookings on a phone');
});
