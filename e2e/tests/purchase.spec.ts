import type { Locator, Page } from '@playwright/test';
import { flawless } from '../axe';
import {
  chooseBest,
  cursorTo,
  expect,
  holdChosen,
  pay,
  showFor,
  signedIn,
  test,
  type Show,
} from '../marquee';

test('from the start page to a ticket, and the money back', async ({ page }, info) => {
  const show = await showFor(info.testId);
  await page.goto('/?city=Mumbai');
  await expect(page.getByRole('heading', { name: 'Now showing in Mumbai' })).toBeVisible();
  await page.goto(`/films/${show.movie_id}?city=Mumbai&date=${dayOf(show)}`);
  await expect(page.getByRole('heading', { name: show.movie_title, level: 1 })).toBeVisible();
  await chooseBest(page, show, 2);

  // Who is not signed in is asked to, and finds the choice again.
  await page.getByRole('button', { name: 'Hold these seats' }).click();
  await page.getByRole('link', { name: 'Create an account' }).click();
  await page.getByLabel('Name').fill('Grace Hopper');
  await page.getByLabel('E-mail').fill(`grace-${Date.now()}-${info.project.name}@example.org`);
  await page.getByLabel('Password').fill('a long password');
  await page.getByRole('button', { name: 'Create an account' }).click();
  await expect(page).toHaveURL(/\/checkout\//);
  await expect(page.getByText('If you cancel')).toBeVisible();
  await pay(page, /is accepted/);

  await expect(page.getByText('You are booked.')).toBeVisible();
  const ticket = page.getByRole('img', { name: /QR code of seat/ });
  await expect(ticket).toBeVisible();
  await expect.poll(() => ticket.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(0);

  await page.getByRole('button', { name: 'Cancel booking' }).click();
  await expect(page.getByText(/You get ₹.* back/)).toBeVisible();
  await page.getByRole('button', { name: 'Cancel and refund' }).click();
  await expect(page.getByText('This booking is cancelled')).toBeVisible();
  await expect(page.getByText(/was returned to you/)).toBeVisible({ timeout: 20_000 });
});

test('with the keyboard alone, on the map @desk', async ({ page }, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await page.goto(`/shows/${show.show_id}`);
  await cursorTo(page, 'C1');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press(' ');
  await expect(page.getByRole('button', { name: /^Give up seat/ })).toHaveCount(2);
  await expect(page.getByText(/Row C, seat 2, .*Chosen/)).toBeAttached();
  await tabTo(page, page.getByRole('button', { name: 'Hold these seats' }));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/checkout\//);
  await expect(page.getByRole('heading', { name: 'Pay with' })).toBeVisible();
  await tabTo(page, page.getByLabel('Card number'));
  await page.keyboard.type('4242424242424242');
  await tabTo(page, page.getByLabel('Good until'));
  await page.keyboard.type('1234');
  await tabTo(page, page.getByLabel('Security code'));
  await page.keyboard.type('123');
  await page.keyboard.press('Enter');
  await expect(page.getByText('You are booked.')).toBeVisible();
});

test('in Hindi, from the film to the ticket @phone', async ({ page }, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await page.evaluate(() => localStorage.setItem('marquee.language', 'hi'));
  await page.goto(`/films/${show.movie_id}?city=Mumbai&date=${dayOf(show)}`);
  await page.locator(`a[href="/shows/${show.show_id}"]`).click();
  await page.getByRole('button', { name: 'सबसे अच्छी सीटें' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: '2', exact: true }).check();
  await dialog.getByRole('button', { name: 'सीटें ढूँढें' }).click();
  await page.getByRole('button', { name: 'ये सीटें रोकें' }).click();
  await expect(page.getByRole('heading', { name: 'भुगतान का तरीक़ा' })).toBeVisible();
  await page.getByRole('button', { name: /स्वीकार होता है/ }).click();
  await page.getByRole('button', { name: /^₹.* चुकाएँ$/ }).click();
  await expect(page.getByRole('img', { name: /QR/ })).toBeVisible();
  await flawless(page, 'a ticket in Hindi');
});

test('through the list of rows', async ({ page }, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await page.goto(`/shows/${show.show_id}`);
  await page.getByRole('button', { name: 'List' }).click();
  await page.getByText('Row D', { exact: true }).click();
  await page.getByRole('checkbox', { name: /Row D, seat 1,/ }).check();
  await page.getByRole('checkbox', { name: /Row D, seat 2,/ }).check();
  await holdChosen(page);
  await pay(page, /is accepted/);
  await expect(page.getByText('You are booked.')).toBeVisible();
  await page.goto('/bookings');
  await expect(page.getByText(show.movie_title).first()).toBeVisible();
});

test('a card that is declined, and another', async ({ page }, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await chooseBest(page, show, 1);
  await holdChosen(page);
  await pay(page, /declined by the bank/);
  await expect(page.getByText('The card was declined')).toBeVisible();
  await pay(page, /too little money/);
  await expect(page.getByText(/too little money on it/)).toBeVisible();
  await pay(page, /is accepted/);
  await expect(page.getByText('You are booked.')).toBeVisible();
});

test('a card that is not right is said to be so, and no number of a card is ever sent @desk', async ({
  page,
}, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await chooseBest(page, show, 1);
  await holdChosen(page);
  // All that the page sends, with its bodies.
  await page.evaluate(() => {
    const [sent, real]: [string[], typeof fetch] = [[], fetch];
    window.fetch = async (input, init) => {
      const request = new Request(input, init);
      sent.push(`${request.url} ${await request.clone().text()}`);
      return real(request);
    };
    Object.assign(window, { sent });
  });
  const number = page.getByLabel('Card number');
  await expect(number).toHaveAttribute('autocomplete', 'cc-number');
  await page.getByRole('button', { name: /^Pay ₹/ }).click();
  await expect(number).toBeFocused();
  await expect(number).toHaveAccessibleDescription('Please fill this in.');
  await number.fill('4242424242424241');
  await page.getByLabel('Good until').fill('0120');
  await page.getByLabel('Security code').fill('1');
  await page.getByLabel('Name on the card').focus();
  await expect(number).toHaveAccessibleDescription(/not the number of a card/);
  await expect(page.getByLabel('Good until')).toHaveAccessibleDescription(/no longer good/);
  await expect(page.getByLabel('Security code')).toHaveAccessibleDescription(/Three or four digits/);
  await number.fill('5555555555554444');
  await expect(number).toHaveAccessibleDescription(/was sent nowhere/);
  await number.fill('4242424242424242');
  await expect(number).toHaveValue('4242 4242 4242 4242');
  await page.getByLabel('Good until').fill('1234');
  await page.getByLabel('Security code').fill('123');
  await page.getByRole('button', { name: /^Pay ₹/ }).click();
  await expect(page.getByText('You are booked.')).toBeVisible();
  const sent = await page.evaluate(() => (window as unknown as { sent: string[] }).sent);
  expect(sent.some((request) => request.includes('pm_card_visa'))).toBe(true);
  const ids = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g;
  expect(sent.filter((request) => /\d{12}/.test(request.replace(/%20| /g, '').replace(ids, '')))).toEqual([]);
});

test('a bank that does not answer, until it is known what it did @desk', async ({ page }, info) => {
  test.setTimeout(90_000);
  const show = await showFor(info.testId);
  await signedIn(page);
  await chooseBest(page, show, 2);
  await holdChosen(page);
  await pay(page, /no answer from the bank/);
  await expect(page.getByText('The bank has not answered yet')).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole('img', { name: /QR code/ })).toBeVisible({ timeout: 50_000 });
});

test('a reload in the middle of a payment makes no second one @desk', async ({ page }, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await chooseBest(page, show, 2);
  await holdChosen(page);
  await pay(page, /takes two seconds/);
  await expect(page.getByRole('button', { name: 'Paying …' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('img', { name: /QR code/ })).toBeVisible({ timeout: 20_000 });
  await page.goto('/bookings');
  await expect(page.locator('a.booking')).toHaveCount(1);
});

/** The day of a show, as its cinema counts. */
const dayOf = (show: Show): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Kolkata' }).format(new Date(show.start_time));

/** Presses Tab until the focus is on `target`. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let step = 0; step < 40; step++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('the focus did not come there');
}
