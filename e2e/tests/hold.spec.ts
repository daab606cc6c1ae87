import { chooseBest, expect, hastyUrl, holdChosen, pay, showFor, signedIn, test } from '../marquee';

const left = (text: string | null) => {
  const [minutes = 0, seconds = 0] = (text ?? '').split(':').map(Number);
  return minutes * 60 + seconds;
};

test('the clock is the same after a reload and in a second tab, and more time can be had', async ({
  page,
  context,
}, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await chooseBest(page, show, 2);
  await holdChosen(page);
  const clock = page.getByRole('timer');
  const first = left(await clock.textContent());
  expect(first).toBeGreaterThan(400);
  await page.reload();
  await expect(clock).toBeVisible();
  expect(left(await clock.textContent())).toBeLessThanOrEqual(first);

  const tab = await context.newPage();
  await tab.goto('/');
  const there = tab.getByRole('timer');
  await expect(there).toBeVisible();
  expect(Math.abs(left(await there.textContent()) - left(await clock.textContent()))).toBeLessThanOrEqual(2);

  // Given up here, it is gone there.
  await page.getByRole('button', { name: 'Give the seats up' }).click();
  await expect(page).toHaveURL(/\/shows\//);
  await expect(there).toHaveCount(0);
});

test('what was paid for in one tab is over in the other @desk', async ({ page, context }, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await chooseBest(page, show, 2);
  await holdChosen(page);
  const tab = await context.newPage();
  await tab.goto(page.url());
  await expect(tab.getByRole('heading', { name: 'Pay with' })).toBeVisible();
  await pay(page, /is accepted/);
  await expect(page.getByText('You are booked.')).toBeVisible();
  await expect(tab.getByRole('heading', { name: 'This hold is over' })).toBeVisible();
});

test('a hold that lapses says so, and can be placed again', async ({ page }, info) => {
  test.skip(hastyUrl() === '', 'needs a server of its own');
  const show = await showFor(info.testId, hastyUrl());
  await signedIn(page, hastyUrl());
  await chooseBest(page, show, 2, hastyUrl());
  await holdChosen(page);
  const before = page.url();
  await expect(page.getByRole('heading', { name: 'Your hold has lapsed' })).toBeVisible({ timeout: 15_000 });
  await page.getByRole('button', { name: 'Hold the same seats again' }).click();
  await expect(page.getByRole('heading', { name: 'Pay with' })).toBeVisible();
  expect(page.url()).not.toBe(before);
});

test('more time can be had, up to the longest that a hold can last @desk', async ({ page }, info) => {
  test.skip(hastyUrl() === '', 'needs a server of its own');
  const show = await showFor(info.testId, hastyUrl());
  await signedIn(page, hastyUrl());
  await chooseBest(page, show, 2, hastyUrl());
  await holdChosen(page);
  const more = page.getByRole('button', { name: 'More time' });
  await expect.poll(async () => left(await page.getByRole('timer').textContent())).toBeLessThan(4);
  await more.click();
  await expect(page.getByText('You have more time.')).toBeVisible();
  expect(left(await page.getByRole('timer').textContent())).toBeGreaterThanOrEqual(4);
  await expect(async () => {
    await more.click({ timeout: 500 });
    await expect(page.getByText('This is the longest a hold can last.')).toBeVisible({ timeout: 500 });
  }).toPass({ intervals: [500] });
  await expect(more).toBeDisabled();
});

test('seats that were sold in between are said to be, and there is a way on @desk', async ({
  page,
}, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await chooseBest(page, show, 2);
  await holdChosen(page);
  // A hold is what keeps this from happening: the refusal is played.
  await page.route('**/api/v1/booking', (route) =>
    route.fulfill({
      status: 409,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        type: 'about:blank',
        title: 'Sold',
        status: 409,
        code: 'seats_unavailable',
        seats: [],
      }),
    }),
  );
  await pay(page, /is accepted/);
  await expect(page.getByRole('heading', { name: 'A seat was sold in between' })).toBeVisible();
  await expect(page.getByText(/Nothing was charged/)).toBeVisible();
  await page.getByRole('link', { name: 'Choose other seats' }).click();
  await expect(page.getByRole('application', { name: 'Seat map' })).toBeVisible();
});
