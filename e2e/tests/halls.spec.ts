/** Films, cinemas and screens; seats that are drawn and sold. */
import { flawless, flawlessInBoth } from '../axe';
import { chooseBest, expect, holdChosen, pay, signedIn, test, type Show } from '../marquee';
import { signedInAs } from '../staff';
import type { Page } from '@playwright/test';

const CSRF = { 'x-marquee-csrf': '1' };

/** A cinema of this test's own, far from the cities that others look at. */
async function aCinema(page: Page, name: string): Promise<string> {
  const data = { name, city: 'Nagpur', timezone: 'Asia/Kolkata' };
  const answer = await page.request.post('/api/v1/admin/cinemas', {
    data,
    headers: CSRF,
  });
  expect(answer.status(), await answer.text()).toBe(201);
  return ((await answer.json()) as { cinema_id: string }).cinema_id;
}

async function aScreen(page: Page, cinema_id: string, seats: string[]): Promise<string> {
  const rows = seats.map((row, at) => ({
    row: String.fromCharCode(65 + at),
    category: 'standard',
    seats: row,
  }));
  const data = { name: 'Audi 1', layout: { rows } };
  const answer = await page.request.post(`/api/v1/admin/cinemas/${cinema_id}/screens`, {
    data,
    headers: CSRF,
  });
  expect(answer.status(), await answer.text()).toBe(201);
  return ((await answer.json()) as { screen_id: string }).screen_id;
}

/** Where a place of the sheet is on the page: told from where the cursor is. */
async function placeOf(page: Page, x: number, y: number): Promise<{ x: number; y: number }> {
  const sheet = page.getByRole('application', { name: 'Layout of the seats' });
  const [cx = 0, cy = 0] = ((await sheet.getAttribute('data-cursor')) ?? '').split(',').map(Number);
  const box = await sheet.locator('.cursor').boundingBox();
  if (!box) throw new Error('there is no cursor');
  return {
    x: box.x + (x - cx + 0.5) * box.width,
    y: box.y + (y - cy + 0.5) * box.height,
  };
}

async function drag(page: Page, from: [number, number], to: [number, number]): Promise<void> {
  const [begin, end] = [await placeOf(page, ...from), await placeOf(page, ...to)];
  await page.mouse.move(begin.x, begin.y);
  await page.mouse.down();
  await page.mouse.move((begin.x + end.x) / 2, (begin.y + end.y) / 2);
  await page.mouse.move(end.x, end.y);
  await page.mouse.up();
}

const seatCount = (page: Page) => page.getByTestId('seat-count');

test('two editors of a cinema and of a film: the second is told, and says whose it shall be @desk', async ({
  page,
}) => {
  await signedInAs(page, 'admin');
  const patch = async (path: string, data: object) => {
    const answer = await page.request.patch(`/api/v1/admin${path}`, { data, headers: CSRF });
    expect(answer.ok(), await answer.text()).toBe(true);
  };
  const told = page.getByText('Somebody else changed this meanwhile.');
  const facts = page.getByRole('form', { name: 'Facts' });

  const cinema_id = await aCinema(page, `Of two ${Date.now()}`);
  await page.goto(`/admin/cinemas/${cinema_id}`);
  await facts.getByLabel('Address').fill('Mine');
  await patch(`/cinemas/${cinema_id}`, { address: 'Theirs' });
  await facts.getByRole('button', { name: 'Save' }).click();
  await expect(told).toBeVisible();
  await flawless(page, 'facts that were changed meanwhile');
  await page.getByRole('button', { name: 'Show theirs' }).click();
  await expect(told).toHaveCount(0);
  await expect(facts.getByLabel('Address')).toHaveValue('Theirs');
  await facts.getByLabel('Address').fill('Mine again');
  await patch(`/cinemas/${cinema_id}`, { city: 'Wardha' });
  await facts.getByRole('button', { name: 'Save' }).click();
  await expect(told).toBeVisible();
  await page.getByRole('button', { name: 'Replace theirs by mine' }).click();
  await expect(page.getByText('The facts are saved.')).toBeVisible();
  await expect(told).toHaveCount(0);
  const kept = await (await page.request.get(`/api/v1/cinemas/${cinema_id}`)).json();
  expect(kept).toMatchObject({ address: 'Mine again', city: 'Nagpur' });

  const title = `Of two ${Date.now()}`;
  const added = await page.request.post('/api/v1/admin/movies', {
    data: { title, duration_minutes: 90 },
    headers: CSRF,
  });
  const { movie_id } = (await added.json()) as { movie_id: string };
  await page.goto('/admin/films');
  await page.getByLabel('Find by title').fill(title);
  await page.getByRole('button', { name: `Change ${title}` }).click();
  const film = page.getByRole('dialog', { name: 'Change film' });
  await expect(film.getByLabel('Minutes')).toHaveValue('90');
  await film.getByLabel('Minutes').fill('100');
  await patch(`/movies/${movie_id}`, { director: 'Satyajit Ray' });
  await film.getByRole('button', { name: 'Save' }).click();
  await expect(film.getByText('Somebody else changed this meanwhile.')).toBeVisible();
  await film.getByRole('button', { name: 'Show theirs' }).click();
  await expect(film.getByLabel('Director')).toHaveValue('Satyajit Ray');
  await expect(film.getByLabel('Minutes')).toHaveValue('90');
  await film.getByLabel('Minutes').fill('100');
  await film.getByRole('button', { name: 'Save' }).click();
  await expect(film).toBeHidden();
  const now = await (await page.request.get(`/api/v1/movies/${movie_id}`)).json();
  expect(now).toMatchObject({ director: 'Satyajit Ray', duration_minutes: 100 });
});

test('a layout drawn in the editor is sold a minute later @desk', async ({ page, browser }) => {
  await signedInAs(page, 'admin');
  await page.goto('/admin/cinemas');
  await page.getByRole('button', { name: 'Add cinema' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('The Drawing Room');
  await dialog.getByLabel('City').fill('Nagpur');
  await dialog.getByLabel('Time zone').fill('Mars/Olympus');
  await dialog.getByRole('button', { name: 'Add cinema' }).click();
  await expect(dialog.getByText('must be an IANA time zone')).toBeVisible();
  await dialog.getByLabel('Time zone').fill('Asia/Kolkata');
  await dialog.getByRole('button', { name: 'Add cinema' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'The Drawing Room' })).toBeVisible();

  await page.getByRole('button', { name: 'Add screen' }).click();
  await dialog.getByLabel('Name of the screen').fill('Studio');
  await dialog.getByLabel('Rows').fill('2');
  await dialog.getByLabel('Seats in a row').fill('6');
  await dialog.getByLabel('Aisles after seats').fill('3');
  await dialog.getByRole('button', { name: 'Add and draw' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Seats of Studio' })).toBeVisible();
  await expect(seatCount(page)).toHaveText('12');

  // By mouse: three rows more, behind a cross aisle.
  await drag(page, [0, 3], [6, 5]);
  await expect(seatCount(page)).toHaveText('33');
  await page.getByRole('radio', { name: 'Aisle' }).check();
  await drag(page, [3, 3], [3, 5]);
  await expect(seatCount(page)).toHaveText('30');
  // By keys: a wheelchair space and its companion, in the corner of the last row.
  await page.keyboard.press('End');
  await page.keyboard.press('w');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('c');
  await expect(page.getByText('Wheelchair spaces', { exact: true })).toBeVisible();
  // The last row is dearer.
  const row = page.getByRole('region', { name: 'Row', exact: true });
  await row.getByLabel('Category').fill('recliner');
  await row.getByLabel('Category').press('Enter');
  await expect(page.getByRole('definition').nth(2)).toHaveText('6');
  await row.getByLabel('Name').fill('Z!');
  await row.getByLabel('Name').press('Tab');
  await expect(page.getByText('must be called by 1 to 4 letters or digits.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save layout' })).toBeDisabled();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: 'Save layout' }).click();
  await expect(page.getByText('Saved as version 2.')).toBeVisible();

  // On sale: what the timetable's page does, done by the call.
  const screen_id = page.url().split('/').at(-1);
  const films = (await (await page.request.get('/api/v1/movies?limit=1')).json()) as {
    items: { movie_id: string }[];
  };
  const price = (amount: number) => ({ amount, currency: 'INR' });
  const answer = await page.request.post('/api/v1/admin/shows', {
    headers: CSRF,
    data: {
      movie_id: films.items[0]?.movie_id,
      screen_id,
      start_time: new Date(Date.now() + 26 * 3600_000).toISOString(),
      prices: { standard: price(20000), recliner: price(45000) },
    },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  const show = (await answer.json()) as Show;
  expect(show.seats_total).toBe(30);

  const context = await browser.newContext();
  const buyer = await context.newPage();
  await signedIn(buyer);
  await chooseBest(buyer, show, 2, new URL(page.url()).origin);
  await holdChosen(buyer);
  await pay(buyer, /is accepted/);
  await expect(buyer.getByText('You are booked.')).toBeVisible();
  await context.close();
});

test('what was drawn is kept over a reload, and replaces nobody else’s unasked @desk', async ({ page }) => {
  await signedInAs(page, 'admin');
  const screen_id = await aScreen(page, await aCinema(page, 'The Draft'), ['ssss', 'ssss']);
  const path = `/admin/screens/${screen_id}`;
  await page.goto(path);
  const sheet = page.getByRole('application', { name: 'Layout of the seats' });
  await sheet.focus();
  await page.keyboard.press('_');
  await expect(seatCount(page)).toHaveText('7');
  await page.reload();
  await expect(page.getByText('What you drew last time')).toBeVisible();
  await expect(seatCount(page)).toHaveText('7');

  // Somebody else saves another one.
  const theirs = { rows: [{ row: 'A', category: 'gold', seats: 'ss' }] };
  const saved = await page.request.patch(`/api/v1${path}`, {
    data: { layout: theirs },
    headers: CSRF,
  });
  expect(saved.ok()).toBe(true);
  await page.getByRole('button', { name: 'Save layout' }).click();
  await expect(page.getByText('Somebody else saved another layout')).toBeVisible();
  await page.getByRole('button', { name: 'Show theirs' }).click();
  await expect(seatCount(page)).toHaveText('2');
  await sheet.focus();
  await page.keyboard.press('Control+z');
  await expect(seatCount(page)).toHaveText('7');
  await page.getByRole('button', { name: 'Save layout' }).click();
  await expect(page.getByText('Saved as version 3.')).toBeVisible();

  // As text, there and back.
  await page.getByRole('button', { name: 'As text' }).click();
  const dialog = page.getByRole('dialog', { name: 'Layout as text' });
  const text = dialog.getByLabel('As text');
  await expect(text).toHaveValue(/"row": "A", "category": "standard", "seats": "_sss"/);
  await text.fill('{"rows": [{"row": "A"}]}');
  await dialog.getByRole('button', { name: 'Take over' }).click();
  await expect(dialog.getByText('Row 1 needs row, category and seats')).toBeVisible();
  await text.fill('[{"row": "A", "category": "gold", "seats": "123_wc"}]');
  await dialog.getByRole('button', { name: 'Take over' }).click();
  await expect(seatCount(page)).toHaveText('5');
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByRole('application', { name: 'Seat map' })).toBeVisible();
});

test('a finger moves the sheet before it draws on it @phone', async ({ page }) => {
  await signedInAs(page, 'admin');
  const screen_id = await aScreen(page, await aCinema(page, 'The Touch'), ['ssss', 'ssss']);
  await page.goto(`/admin/screens/${screen_id}`);
  await expect(seatCount(page)).toHaveText('8');
  const empty = await placeOf(page, 4, 0);
  await page.touchscreen.tap(empty.x, empty.y);
  await page.getByRole('radio', { name: 'Companion' }).check();
  await page.touchscreen.tap(empty.x, empty.y);
  await expect(seatCount(page)).toHaveText('9');
  await expect(page.getByText('Companion seats', { exact: true })).toBeVisible();
});

test('films are added, changed, imported and removed @desk', async ({ page }) => {
  await signedInAs(page, 'admin');
  await page.goto('/admin/films');
  await page.getByRole('button', { name: 'Add film' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Title').fill('The Hall of Mirrors');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByText('A whole number of minutes')).toBeVisible();
  await dialog.getByLabel('Minutes').fill('99');
  await dialog.getByLabel('Genres').fill('Drama, drama');
  await dialog.getByLabel('Cast').fill('Ada Lovelace\nGrace Hopper');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('“The Hall of Mirrors” is added.')).toBeVisible();
  await page.getByLabel('Find by title').fill('hall of mirr');
  await page.getByRole('button', { name: 'Change The Hall of Mirrors' }).click();
  await expect(dialog.getByLabel('Cast')).toHaveValue('Ada Lovelace\nGrace Hopper');
  await dialog.getByLabel('Minutes').fill('101');
  await dialog.getByRole('button', { name: 'Save' }).click();
  // Other films may be listed still, and as long.
  const changed = page.getByRole('row', { name: /The Hall of Mirrors/ });
  await expect(changed.getByRole('cell', { name: '101' })).toBeVisible();
  await page.getByRole('button', { name: 'Change The Hall of Mirrors' }).click();
  await dialog.getByRole('button', { name: 'Remove film' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(page.getByText('No film has that title.')).toBeVisible();

  await page.goto('/admin/films/import');
  const file = (minutes: number) => ({
    name: 'films.json',
    mimeType: 'application/json',
    buffer: Buffer.from(
      `[\n{"Title": "Corridor of Light", "Running Time min": ${minutes}},\n{"Title": ""},\n{"Title": "Dim`,
    ),
  });
  await page.getByLabel('Choose a file').setInputFiles(file(90));
  await expect(page.getByText('What this file would change')).toBeVisible();
  await expect(page.getByText('has an empty title')).toBeVisible();
  await page.getByRole('button', { name: 'Import 1 film' }).click();
  await expect(page.getByText('Imported: 1 film.')).toBeVisible();
  await page.getByLabel('Another file').setInputFiles(file(95));
  await expect(page.getByText('Minutes: 90 → 95')).toBeVisible();
});

test('each has the halls that are theirs @desk', async ({ page }) => {
  await signedInAs(page, 'admin');
  const other = await aCinema(page, 'Elsewhere');
  const otherScreen = await aScreen(page, other, ['ss']);

  await signedInAs(page, 'manager');
  await page.goto('/admin/cinemas');
  await expect(page.getByRole('row')).toHaveCount(2);
  await expect(page.getByRole('button', { name: 'Add cinema' })).toHaveCount(0);
  await page.getByRole('link', { name: /Regent/ }).click();
  await page.getByLabel('Address').fill('1 Marine Drive');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('The facts are saved.')).toBeVisible();
  await page
    .getByRole('link', { name: /^Draw the seats of/ })
    .first()
    .click();
  await expect(seatCount(page)).not.toHaveText('0');

  for (const path of ['/admin/films', '/admin/films/import', `/admin/cinemas/${other}`]) {
    await page.goto(path);
    await expect(page.getByRole('heading', { name: 'This part is not yours' })).toBeVisible();
  }
  await page.goto(`/admin/screens/${otherScreen}`);
  await expect(page.getByRole('heading', { name: 'This part is not yours' })).toBeVisible();
  await signedInAs(page, 'boxoffice');
  await page.goto('/admin/cinemas');
  await expect(page.getByRole('heading', { name: 'This part is not yours' })).toBeVisible();
});

test('axe finds nothing among films and halls @desk', async ({ page }) => {
  await signedInAs(page, 'admin');
  const cinema_id = await aCinema(page, 'Axe');
  const screen_id = await aScreen(page, cinema_id, ['ss_w', 'ssss']);
  for (const path of [
    '/admin/films',
    '/admin/films/import',
    '/admin/cinemas',
    `/admin/cinemas/${cinema_id}`,
    `/admin/screens/${screen_id}`,
  ]) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
    await flawlessInBoth(page, path);
  }
  for (const name of ['Preview', 'As text', 'New hall']) {
    await page.getByRole('button', { name }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await flawlessInBoth(page, name);
    await page.keyboard.press('Escape');
  }
  await page.goto('/admin/films');
  await page.getByRole('button', { name: 'Add film' }).click();
  await flawlessInBoth(page, 'a film');
});
