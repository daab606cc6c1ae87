import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { chooseBest, expect, holdChosen, pay, showFor, signedIn, test, url, watch } from '../marquee';

/** What the browser saves when that button is pressed. */
async function saved(page: Page, name: string): Promise<{ name: string; text: string }> {
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name, exact: true }).click();
  const download = await coming;
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'latin1') };
}

test('a ticket to print and one for the calendar, also when the session has run out in the meantime @desk', async ({
  page,
  context,
}, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await chooseBest(page, show, 2);
  await holdChosen(page);
  await pay(page, /is accepted/);
  await expect(page.getByText('You are booked.')).toBeVisible();
  const pdf = await saved(page, 'PDF');
  expect(pdf.name).toMatch(/^marquee-.+\.pdf$/);
  expect(pdf.text).toMatch(/^%PDF-/);

  const renewals: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/session/refresh')) renewals.push(request.url());
  });
  await context.clearCookies({ name: 'marquee_access' });
  const calendar = await saved(page, 'Calendar');
  expect(calendar.name).toMatch(/\.ics$/);
  expect(calendar.text).toContain('BEGIN:VEVENT');
  expect(calendar.text.replace(/\r\n /g, '')).toContain(show.movie_title.replace(/([,;])/g, '\\$1'));
  expect(renewals).toHaveLength(1);
  // Many calls at once renew it once, and nobody has to sign in.
  await context.clearCookies({ name: 'marquee_access' });
  await page.goto('/account');
  await expect(page.getByText('This device')).toBeVisible();
  expect(renewals).toHaveLength(2);

  // Without what it is renewed by, there is the way to sign in and back.
  await context.clearCookies();
  await page.goto('/bookings');
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fbookings/);
});

test('a session is ended from another device @desk', async ({ browser, page, rules }) => {
  const { email, password } = await signedIn(page);
  const other = await browser.newContext({ baseURL: url() });
  watch(other, rules, url());
  const there = await other.newPage();
  await there.goto('/sign-in');
  await there.getByLabel('E-mail').fill(email);
  await there.getByLabel('Password').fill(password);
  await there.getByRole('button', { name: 'Sign in' }).click();
  await expect(there.getByRole('heading', { name: /Now showing/ })).toBeVisible();

  await page.goto('/account');
  await page.getByRole('button', { name: 'Sign out there' }).click();
  await expect(page.getByRole('button', { name: 'Sign out there' })).toHaveCount(0);
  await expect(page.getByText('This device')).toBeVisible();
  await there.goto('/account');
  await expect(there).toHaveURL(/\/sign-in/);
  await other.close();
});

test('all of my data to take away, and then all of it erased', async ({ page }, info) => {
  const show = await showFor(info.testId);
  const { email, password } = await signedIn(page);
  await chooseBest(page, show, 1);
  await holdChosen(page);
  await pay(page, /is accepted/);
  await expect(page.getByText('You are booked.')).toBeVisible();
  const booking = page.url();

  await page.goto('/account');
  const { name, text } = await saved(page, 'Download my data');
  expect(name).toBe('marquee-data.json');
  const data = JSON.stringify(JSON.parse(text));
  expect(data).toContain(email);
  expect(data).toContain(show.show_id);

  await page.getByRole('button', { name: 'Delete my account' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password, to be sure').fill('not my password');
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await expect(dialog.getByText('E-mail or password is not right.')).toBeVisible();
  await dialog.getByLabel('Password, to be sure').fill(password);
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await expect(dialog.getByText(/bookings for coming shows/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Keep my account' }).click();

  await page.goto(booking);
  await page.getByRole('button', { name: 'Cancel booking' }).click();
  await page.getByRole('button', { name: 'Cancel and refund' }).click();
  await expect(page.getByText('This booking is cancelled')).toBeVisible();
  await page.goto('/account');
  await page.getByRole('button', { name: 'Delete my account' }).click();
  await dialog.getByLabel('Password, to be sure').fill(password);
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('E-mail or password is not right.')).toBeVisible();
});
