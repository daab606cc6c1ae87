import { chooseBest, cursorTo, expect, holdChosen, showFor, signedIn, test, url, watch } from '../marquee';

test('another buyer is faster: seen under the eye, and refused if not seen @desk', async ({
  browser,
  page,
  rules,
}, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  const other = await browser.newContext();
  watch(other, rules, url());
  const rival = await other.newPage();
  await signedIn(rival);
  for (const one of [page, rival]) {
    await one.goto(`${url()}/shows/${show.show_id}`);
    await cursorTo(one, 'B2');
    await one.keyboard.press('Enter');
    await one.keyboard.press('ArrowLeft');
    await one.keyboard.press('Enter');
    await expect(one.getByRole('button', { name: 'Give up seat B1' })).toBeVisible();
  }
  // Both at once: one goes on to pay, the other is told why not.
  await Promise.all(
    [page, rival].map((one) => one.getByRole('button', { name: 'Hold these seats' }).click()),
  );
  await expect
    .poll(async () => {
      const paying = [page, rival].filter((one) => one.url().includes('/checkout/')).length;
      const told = await Promise.all(
        [page, rival].map((one) => one.getByText(/Just taken by somebody else/).count()),
      );
      return [paying, told.reduce((sum, count) => sum + count, 0)];
    })
    .toEqual([1, 1]);
  await other.close();
});

test('a seat that somebody takes changes within half a second @desk', async ({
  browser,
  page,
  rules,
}, info) => {
  const show = await showFor(info.testId);
  await page.goto(`/shows/${show.show_id}`);
  await page.getByRole('button', { name: 'List' }).click();
  await page.getByText('Row E', { exact: true }).click();
  const seat = page.getByRole('checkbox', { name: /Row E, seat 1,/ });
  await expect(seat).toBeEnabled();
  const other = await browser.newContext();
  watch(other, rules, url());
  const buyer = await other.newPage();
  await signedIn(buyer);
  const answer = await buyer.request.post(`${url()}/api/v1/shows/${show.show_id}/reserve`, {
    data: { seats: ['E-1', 'E-2'] },
    headers: { 'x-marquee-csrf': '1' },
  });
  expect(answer.status()).toBe(201);
  // Half a second on an idle machine; the tests run beside other things.
  await expect(seat).toBeDisabled({ timeout: 2_000 });
  await other.close();
});

test('a choice that leaves a lone seat is refused, and a better one offered @desk', async ({
  page,
}, info) => {
  const show = await showFor(info.testId);
  await signedIn(page);
  await page.goto(`/shows/${show.show_id}`);
  await cursorTo(page, 'C2');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Hold these seats' }).click();
  await expect(page.getByText(/would leave seat .*C1.* alone/)).toBeVisible();
  await page.getByRole('button', { name: /^Take .* instead/ }).click();
  await holdChosen(page);
});

test('the best seats, in a part of the house, and with a wheelchair', async ({ page }, info) => {
  const show = await showFor(info.testId);
  await chooseBest(page, show, 4);
  await page.getByRole('button', { name: 'Best seats' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: '2', exact: true }).check();
  await dialog.getByLabel('With a wheelchair space').check();
  await dialog.getByRole('button', { name: 'Find seats' }).click();
  await expect(page.getByRole('button', { name: /^Give up seat/ })).toHaveCount(2);
});

test('a finger comes closer first, and then picks @phone', async ({ page }, info) => {
  const show = await showFor(info.testId);
  await page.goto(`/shows/${show.show_id}`);
  const map = page.getByRole('application', { name: 'Seat map' });
  await map.focus();
  const cursor = page.locator('.cursor');
  const before = await cursor.boundingBox();
  if (!before) throw new Error('no cursor');
  await page.touchscreen.tap(before.x + before.width * 8.5, before.y + before.height * 2.5);
  await expect.poll(async () => (await cursor.boundingBox())?.width).toBeGreaterThan(before.width * 1.5);
  await expect(page.getByText('No seats chosen yet')).toBeVisible();
  await expect(async () => {
    const box = await map.boundingBox();
    if (!box) throw new Error('no map');
    await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
    await expect(page.getByRole('button', { name: /^Give up seat/ })).toHaveCount(1, { timeout: 1_000 });
  }).toPass();
});
