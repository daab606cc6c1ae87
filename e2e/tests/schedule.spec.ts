import type { Locator, Page } from '@playwright/test';
import { flawless } from '../axe';
import { expect, test, url } from '../marquee';
import { signedInAs } from '../staff';

interface Place {
  cinema_id: string;
  timezone: string;
  screens: { screen_id: string; name: string }[];
}

/** Where the demo's manager works. */
async function place(page: Page): Promise<Place> {
  const me = (await (await page.request.get(`${url()}/api/v1/user/me`)).json()) as {
    grants: { cinema_id: string }[];
  };
  const cinema = await page.request.get(`${url()}/api/v1/cinemas/${me.grants[0]?.cinema_id}`);
  return (await cinema.json()) as Place;
}

/** A day that nobody else has plans for; the demo ends after a week. */
function dayIn(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

const opened = async (page: Page, { cinema_id }: Place, date: string) => {
  await page.goto(`/admin/schedule?cinema=${cinema_id}&date=${date}`);
  await expect(page.getByRole('heading', { level: 1, name: 'Schedule' })).toBeVisible();
};

const shows = (page: Page) => page.locator('[data-show]');
const bar = (page: Page) => page.getByRole('region', { name: 'The chosen show' });

async function add(page: Page, screen: string, time: string): Promise<Locator> {
  await page.getByRole('button', { name: 'New show' }).click();
  const form = page.getByRole('dialog', { name: 'New show' });
  await form.getByLabel('Find a film').fill('the');
  const film = form.getByLabel('Film', { exact: true });
  await expect(film.getByRole('option').nth(2)).toContainText(/the/i);
  await film.selectOption({ index: 1 });
  await form.getByLabel('Screen').selectOption(screen);
  await form.getByLabel('Starts at').fill(time);
  return form;
}

test('a manager plans a day, moves shows, copies the day and cancels @desk', async ({ page }) => {
  test.setTimeout(90_000);
  await signedInAs(page, 'manager');
  const here = await place(page);
  const [screen = { screen_id: '', name: '' }] = here.screens;
  const [day, next] = [dayIn(40), dayIn(41)];
  await opened(page, here, day);
  await expect(page.getByText('Nothing is scheduled on this day.')).toBeVisible();

  // A show at the prices of the screen's last one.
  let form = await add(page, screen.screen_id, '18:00');
  await expect(form.getByLabel(/^Price of/).first()).not.toHaveValue('');
  await flawless(page, 'new show');
  await form.getByRole('button', { name: 'Put on sale' }).click();
  await expect(page.getByText('The show is on sale.')).toBeVisible();
  await expect(shows(page)).toHaveCount(1);

  // Another in its way is not offered for saving; the next free time is.
  form = await add(page, screen.screen_id, '18:30');
  await expect(form.getByText('Too close to')).toBeVisible();
  await expect(form.getByRole('button', { name: 'Put on sale' })).toBeDisabled();
  await form.getByRole('button', { name: /the next time that is free/ }).click();
  await form.getByRole('button', { name: 'Put on sale' }).click();
  await expect(shows(page)).toHaveCount(2);

  // By keys: into the other's cleaning, where it cannot be saved, and back.
  const [first, second] = [shows(page).nth(0), shows(page).nth(1)];
  await first.focus();
  await page.keyboard.press('ArrowRight');
  await expect(bar(page).getByText('Too close to')).toBeVisible();
  await expect(bar(page).getByRole('button', { name: 'Save the new time' })).toBeDisabled();
  await page.keyboard.press('Shift+ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await expect(bar(page).getByText(/moves to 17:30/)).toBeVisible();
  await bar(page).getByRole('button', { name: 'Save the new time' }).click();
  await expect(page.getByText('The show was moved.')).toBeVisible();
  await expect(first).toHaveAccessibleName(/17:30/);

  // By mouse, an hour or so to the left, which clashes; then half an hour to the right, which does not.
  const drag = async (by: number, down = 0) => {
    const box = await second.boundingBox();
    if (!box) throw new Error('the show is not there');
    await page.mouse.move(box.x + 20, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + 20 + by, box.y + 20 + down, { steps: 4 });
    await page.mouse.up();
  };
  await drag(-80);
  await expect(bar(page).getByText('Too close to')).toBeVisible();
  await flawless(page, 'a clash');
  await bar(page).getByRole('button', { name: 'Put back' }).click();
  const before = (await second.getAttribute('aria-label')) ?? '';
  // Not to another screen, and it says so.
  await drag(0, 90);
  await expect(bar(page).getByText('A show stays on its screen')).toBeVisible();
  expect(await second.getAttribute('aria-label')).toBe(before);
  await drag(40);
  await expect(bar(page).getByText('A show stays on its screen')).toHaveCount(0);
  await bar(page).getByRole('button', { name: 'Save the new time' }).click();
  await expect(page.getByText('The show was moved.')).toBeVisible();
  await expect(second).not.toHaveAccessibleName(before);
  await page.reload();
  await expect(first).toHaveAccessibleName(/17:30/);

  // The day again on the next; a second time all of it clashes, and nothing is copied.
  await page.getByRole('button', { name: 'Copy days' }).click();
  const copying = page.getByRole('dialog', { name: 'Copy days' });
  await expect(copying.getByText('2 shows would be scheduled.')).toBeVisible();
  await flawless(page, 'copy');
  await copying.getByRole('button', { name: 'Copy 2 shows' }).click();
  await expect(page).toHaveURL(new RegExp(`date=${next}`));
  await expect(shows(page)).toHaveCount(2);
  await page.getByRole('link', { name: 'The day before' }).click();
  await expect(page).toHaveURL(new RegExp(`date=${day}`));
  await page.getByRole('button', { name: 'Copy days' }).click();
  await expect(copying.getByText('2 shows cannot be copied:')).toBeVisible();
  await expect(copying.getByRole('button', { name: /^Copy/ })).toBeDisabled();
  await page.keyboard.press('Escape');

  // What a cancellation would give back is told before it is done.
  await sell(page, (await first.getAttribute('data-show')) ?? '');
  await first.click();
  await bar(page).getByRole('button', { name: 'Cancel the show' }).click();
  const asked = page.getByRole('dialog', { name: 'Cancel this show?' });
  await expect(asked.getByText(/^1 booking will be cancelled and ₹/)).toBeVisible();
  await flawless(page, 'cancel a show');
  await asked.getByRole('button', { name: 'Cancel it and refund' }).click();
  await expect(page.getByText('The show was cancelled.')).toBeVisible();
  await expect(first).toHaveAccessibleName(/Cancelled/);
});

/** Sells a seat of the show to whoever is signed in. */
async function sell(page: Page, show_id: string): Promise<void> {
  const headers = { 'x-marquee-csrf': '1' };
  const best = await page.request.get(`${url()}/api/v1/shows/${show_id}/best-seats?count=1`);
  const { seats } = (await best.json()) as {
    seats: (string | { seat_id: string })[];
  };
  const ids = seats.map((seat) => (typeof seat === 'string' ? seat : seat.seat_id));
  const lock = await page.request.post(`${url()}/api/v1/shows/${show_id}/reserve`, {
    headers,
    data: { seats: ids },
  });
  const { lock_id } = (await lock.json()) as { lock_id: string };
  const data = { lock_id, payment_token: 'pm_card_visa' };
  const paid = await page.request.post(`${url()}/api/v1/booking`, {
    headers,
    data,
  });
  expect(paid.ok(), await paid.text()).toBe(true);
}

test('seats are blocked for a reason, which customers see at once, and given back @desk', async ({
  page,
  browser,
}) => {
  test.setTimeout(90_000);
  await signedInAs(page, 'manager');
  const here = await place(page);
  const [screen = { screen_id: '', name: '' }] = here.screens;
  await opened(page, here, dayIn(43));
  const form = await add(page, screen.screen_id, '12:00');
  await form.getByRole('button', { name: 'Put on sale' }).click();
  await shows(page).first().click();
  const show_id = (await shows(page).first().getAttribute('data-show')) ?? '';
  await bar(page).getByRole('link', { name: 'Block seats' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Seats of/);

  const customer = await browser.newPage();
  await customer.goto(`${url()}/shows/${show_id}`);
  const free = customer.getByText(/seats free/);
  const all = Number(/(\d+) seats free/.exec((await free.textContent()) ?? '')?.[1]);

  await page.getByLabel('A whole row').selectOption('B');
  await page.getByRole('button', { name: 'Choose', exact: true }).click();
  await page.getByLabel('Reason').selectOption('broken');
  await page.getByLabel('Note').fill('Water came in');
  const block = page.getByRole('button', { name: /^Block \d+ seats/ });
  const count = Number(/\d+/.exec((await block.textContent()) ?? '')?.[0]);
  await block.click();
  await expect(page.getByText('Blocked: B1')).toBeVisible();
  await expect(page.getByText('Water came in')).toBeVisible();
  await expect(free).toHaveText(`${all - count} seats free`);
  await flawless(page, 'blocked seats');

  // By keys, in the list too.
  await page.getByRole('button', { name: 'List' }).click();
  await page.locator('summary').first().click();
  await page.getByRole('checkbox', { name: /^Row A, seat 1,/ }).check();
  await page.getByRole('button', { name: 'Block 1 seat' }).click();
  await expect(page.getByText('Blocked: A1.')).toBeVisible();
  await flawless(page, 'blocked seats as a list');

  await page.getByRole('button', { name: /^Choose B1/ }).click();
  await page.getByRole('button', { name: `Give ${count} seats back` }).click();
  await expect(page.getByText('On sale again: B1')).toBeVisible();
  await expect(free).toHaveText(`${all - 1} seats free`);
  await customer.close();
});

test('the schedule is its managers’ alone, and reads well in the dark and in Hindi @desk', async ({
  page,
}) => {
  await signedInAs(page, 'customer');
  await page.goto('/admin/schedule');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This part is not yours');
  await signedInAs(page, 'boxoffice');
  await page.goto('/admin/schedule');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This part is not yours');

  await signedInAs(page, 'manager');
  const here = await place(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  // A day of the demo, with all its shows.
  await opened(page, here, dayIn(2));
  await shows(page).first().click();
  await flawless(page, 'schedule, dark');
  await bar(page).getByRole('link', { name: 'Block seats' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Seats of/);
  await flawless(page, 'blocked seats, dark');
  await page.evaluate(() => localStorage.setItem('marquee.language', 'hi'));
  await page.goto(`/admin/schedule?cinema=${here.cinema_id}&date=${dayIn(2)}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('शो का समय');

  // Nobody plans in somebody else's house.
  const cinemas = (await (await page.request.get(`${url()}/api/v1/cinemas?limit=100`)).json()) as {
    items: Place[];
  };
  const other = cinemas.items.find(({ cinema_id }) => cinema_id !== here.cinema_id);
  const refused = await page.request.get(`${url()}/api/v1/admin/cinemas/${other?.cinema_id}/scheduling`);
  expect(refused.status()).toBe(403);
});
