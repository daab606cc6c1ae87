import { flawless, flawlessInBoth } from '../axe';
import { cursorTo, expect, hastyUrl, signedIn, test, url } from '../marquee';
import { signedInAs } from '../staff';
import { readFile } from 'node:fs/promises';
import type { BrowserContext, Page } from '@playwright/test';

/** Shows of tomorrow, one of them chosen; `print` is counted instead of opening a window. */
async function atTheTill(page: Page, nth: number, server = url()): Promise<void> {
  await page.addInitScript(() => {
    window.print = () => (document.documentElement.dataset['printed'] = 'yes');
  });
  await signedInAs(page, 'boxoffice', server);
  await page.goto(`${server}/box-office`);
  // Others add cinemas of their own at the same time.
  await page
    .getByRole('combobox', { name: 'Cinema', exact: true })
    .selectOption({ label: 'The Regent, Marine Drive, Mumbai' });
  await page.getByRole('combobox', { name: 'Day', exact: true }).selectOption({ label: 'Tomorrow' });
  await page.locator('input[name=show]:enabled').nth(nth).check();
  await expect(page.getByRole('button', { name: '2 seats' })).toBeEnabled();
  await expect(page.getByRole('radio', { name: /^Best place/ })).toBeChecked();
}

const sale = (page: Page) => page.getByRole('region', { name: 'Sell' });

test('a sale in cash by keys, in seconds, printed with one @desk', async ({ page }) => {
  await atTheTill(page, 0);
  const begun = Date.now();
  await page.keyboard.press('2');
  await expect(sale(page).getByText('To pay')).toBeVisible();
  await page.keyboard.press('c');
  await page.getByLabel('Received').fill('2000');
  const total = Number((await sale(page).locator('.total strong').innerText()).replace(/[^\d]/g, ''));
  await expect(sale(page).locator('.change strong')).toHaveText(`₹${(2000 - total).toLocaleString('en-IN')}`);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Sold', exact: true })).toBeVisible();
  expect(Date.now() - begun, 'milliseconds from the first key to the ticket').toBeLessThan(10_000);
  await expect(page.getByText('Paid in cash')).toBeVisible();

  await page.keyboard.press('p');
  await expect(page.locator('html')).toHaveAttribute('data-printed', 'yes');
  await page.emulateMedia({ media: 'print' });
  await expect(page.locator('.sheets svg')).toHaveCount(2);
  await expect(page.locator('.sheets svg').first()).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Sold', exact: true })).toBeHidden();
  await page.emulateMedia({ media: 'screen' });

  // The till remembers over a reload what was just sold.
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Sold', exact: true })).toBeVisible();
  await page.keyboard.press('n');
  await expect(page.getByRole('heading', { name: 'Sold', exact: true })).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Sold here last' }).getByRole('link')).toHaveCount(1);
});

test('an answer that is lost, and seats that are kept over a reload @desk', async ({ page }) => {
  await atTheTill(page, 1);
  await page.getByRole('button', { name: '3 seats' }).click();
  const seats = sale(page).getByRole('list', { name: '3 seats' });
  const labels = await seats.innerText();
  await page.reload();
  await expect(seats).toHaveText(labels, { useInnerText: true });
  await page.getByRole('button', { name: /^Card terminal/ }).click();
  // The server hears it, and the till does not hear the server.
  await page.route('**/api/v1/booking', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.getByRole('button', { name: /^The card was charged/ }).click();
  await expect(page.getByText('It is not known whether this sale went through')).toBeVisible();
  await page.unroute('**/api/v1/booking');
  await page.getByRole('button', { name: 'Ask again' }).click();
  await expect(page.getByText('Paid by the card terminal')).toBeVisible();
});

test('a hold that lapses at the till sells nothing, and the next is placed @desk', async ({ page }) => {
  test.skip(hastyUrl() === '', 'needs a server of its own');
  await atTheTill(page, 0, hastyUrl());
  await page.keyboard.press('2');
  await expect(sale(page).getByText('To pay')).toBeVisible();
  const lock = await page.evaluate(() => localStorage.getItem('marquee.office.sale'));
  const { show_id, lock_id } = JSON.parse(lock ?? '') as { show_id: string; lock_id: string };
  // The clerk counts money, and too long.
  await page.keyboard.press('c');
  await page.getByLabel('Received').fill('2000');
  await expect(page.getByText('The hold has lapsed: the seats are free again')).toBeVisible({
    timeout: 15_000,
  });
  await flawless(page, 'a hold that lapsed');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Sold', exact: true })).toHaveCount(0);
  expect((await page.request.get(`${hastyUrl()}/api/v1/locks/${lock_id}`)).status()).toBe(410);
  const map = await page.request.get(`${hastyUrl()}/api/v1/shows/${show_id}/availability`);
  expect(Object.values(((await map.json()) as { unavailable: object }).unavailable)).not.toContain('held');
  // Over a reload nothing of it comes back.
  await page.reload();
  await expect(page.getByRole('button', { name: '2 seats' })).toBeEnabled();
  await page.keyboard.press('2');
  await expect(sale(page).getByText('To pay')).toBeVisible();
});

test('for somebody with an account, from the map, and the cash handed back @desk', async ({
  page,
  browser,
}) => {
  const guest = await (await browser.newContext()).newPage();
  const { email } = await signedIn(guest);
  await atTheTill(page, 2);
  await page.keyboard.press('m');
  await expect(page.getByRole('application', { name: 'Seat map' })).toBeVisible();
  await cursorTo(page, 'D3');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Take these 2 seats' }).click();
  await page.getByText('For an account', { exact: true }).first().click();
  await page.getByLabel('For an account').fill('nobody@example.org');
  await page.getByRole('button', { name: 'Find', exact: true }).click();
  await expect(page.getByText('Nobody has an account with that address.')).toBeVisible();
  await page.getByLabel('For an account').fill(email);
  await page.getByRole('button', { name: 'Find', exact: true }).click();
  await expect(page.getByText('For Ada Lovelace')).toBeVisible();
  await page.getByRole('button', { name: /^Cash/ }).click();
  await page.getByLabel('Received').fill('1');
  await expect(page.getByText('That is not enough.')).toBeVisible();
  await page.getByLabel('Received').fill('');
  await page.getByRole('button', { name: /^Take ₹/ }).click();
  await expect(page.getByRole('heading', { name: 'Sold', exact: true })).toBeVisible();

  await guest.goto('/bookings');
  await expect(guest.locator('a.booking')).toHaveCount(1);
  await guest.context().close();

  await page.getByRole('link', { name: /^Booking / }).click();
  await page.getByRole('button', { name: 'Cancel the booking' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the booking' }).click();
  await expect(page.getByText('has to be handed back in cash.')).toBeVisible();
  await page.getByRole('button', { name: /^I have given ₹.* back/ }).click();
  await expect(page.getByText('has been given back.')).toBeVisible();

  await page.getByRole('link', { name: 'The till’s day' }).click();
  await expect(page.getByRole('row', { name: /^Together Cash/ })).toBeVisible();
});

test('found again by its reference and by mail, printed, and saved in a session that has run out @desk', async ({
  page,
  context,
}) => {
  await atTheTill(page, 3);
  await page.keyboard.press('1');
  await expect(sale(page).getByText('To pay')).toBeVisible();
  await page.keyboard.press('t');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Sold', exact: true })).toBeVisible();
  const reference = await page.locator('#sold .number').innerText();
  expect(reference).toMatch(/^\w{4}-\w{4}$/);
  expect(await savedAs(page, context)).toBe(`marquee-${reference}.pdf`);

  await page.getByRole('link', { name: 'Find a booking' }).click();
  const asked = page.getByLabel('Reference, e-mail or name');
  await asked.fill(reference.toLowerCase().replace('-', ' '));
  await page.keyboard.press('Enter');
  await expect(page.getByText('1 booking found')).toBeVisible();
  const found = page.getByRole('listitem').filter({ hasText: reference });
  await expect(found).toContainText('boxoffice@marquee.example');
  await asked.fill('BoxOffice@marquee');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/q=BoxOffice/);
  await expect(found).toContainText('Sold');
  await page.getByRole('button', { name: `Print ${reference}` }).click();
  await expect(page.locator('html')).toHaveAttribute('data-printed', 'yes');

  await found.getByRole('link', { name: reference }).click();
  await expect(page.getByText('Paid by the card terminal')).toBeVisible();
  expect(await savedAs(page, context)).toBe(`marquee-${reference}.pdf`);
});

/** What the tickets are saved as, once the session has run out; and they are tickets. */
async function savedAs(page: Page, context: BrowserContext): Promise<string> {
  await context.clearCookies({ name: 'marquee_access' });
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'As PDF' }).click();
  const download = await coming;
  expect(await readFile(await download.path(), 'latin1')).toMatch(/^%PDF-/);
  return download.suggestedFilename();
}

test('not for customers @desk', async ({ page }) => {
  await page.goto('/box-office');
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fbox-office/);
  await signedInAs(page, 'customer');
  for (const path of ['/box-office', '/box-office/find', '/box-office/till']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { name: 'This part is not yours' })).toBeVisible();
  }
});

test('axe finds nothing at the box office @desk', async ({ page }) => {
  await atTheTill(page, 4);
  await flawlessInBoth(page, 'shows');
  await page.keyboard.press('m');
  await expect(page.getByRole('application', { name: 'Seat map' })).toBeVisible();
  await flawlessInBoth(page, 'map');
  await page.keyboard.press('Escape');
  await page.keyboard.press('2');
  await expect(sale(page).getByText('To pay')).toBeVisible();
  await flawlessInBoth(page, 'seats');
  await page.keyboard.press('c');
  await flawlessInBoth(page, 'cash');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Sold', exact: true })).toBeVisible();
  await flawlessInBoth(page, 'sold');
  await page.getByRole('link', { name: /^Booking / }).click();
  await expect(page.getByRole('button', { name: 'Cancel the booking' })).toBeVisible();
  await flawlessInBoth(page, 'booking');
  await page.getByRole('link', { name: 'Find a booking' }).click();
  await expect(page.getByLabel('Reference, e-mail or name')).toBeVisible();
  await flawlessInBoth(page, 'find');
  await page.getByRole('link', { name: 'The till’s day' }).click();
  await expect(page.getByRole('table')).toBeVisible();
  await flawlessInBoth(page, 'till');
});
