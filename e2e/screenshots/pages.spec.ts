import { chooseBest, holdChosen, pay, expect, showFor, signedIn, test } from '../marquee';
import { signedInAs } from '../staff';
import type { Page } from '@playwright/test';

const FOLDER = '../docs/screenshots';

for (const scheme of ['light', 'dark'] as const) {
  test(`the main pages, ${scheme}`, async ({ page }, info) => {
    test.setTimeout(120_000);
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    const take = async (name: string) => {
      await page.waitForLoadState('networkidle').catch(() => undefined);
      await page.screenshot({ path: `${FOLDER}/${name}-${info.project.name}-${scheme}.png`, scale: 'css' });
    };
    const show = await showFor('a picture of it');
    const date = show.start_time.slice(0, 10);
    await shown(page, `/?city=Mumbai&date=${date}`);
    await take('home');
    await shown(page, `/films/${show.movie_id}?city=Mumbai&date=${date}`);
    await take('film');
    await signedIn(page);
    await chooseBest(page, show, 3);
    await take('seats');
    await holdChosen(page);
    await take('checkout');
    await pay(page, /is accepted/);
    const ticket = page.getByRole('img', { name: /QR code/ });
    await expect.poll(() => ticket.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(0);
    await take('ticket');
  });
}

test('the pages of those who work here', async ({ page }, info) => {
  test.setTimeout(120_000);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await signedInAs(page, 'admin');
  const cinema = await showFor('a picture of its cinema');
  const parts = {
    dashboard: '/admin',
    schedule: '/admin/schedule',
    layout: `/admin/screens/${cinema.screen_id}`,
    office: '/box-office',
    gate: '/gate',
  };
  for (const [name, path] of Object.entries(parts)) {
    await shown(page, path);
    await page.waitForLoadState('networkidle').catch(() => undefined);
    await page.screenshot({ path: `${FOLDER}/${name}-${info.project.name}-light.png`, scale: 'css' });
  }
});

async function shown(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
}
