/** What axe says of a page as it is now. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './marquee';

/** Axe's rules that a theme can break. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block'];

/** Judges `page`, by all rules or by some. */
export async function flawless(page: Page, where: string, rules?: string[]): Promise<void> {
  await expect(page.locator('#first')).toHaveCount(0);
  // Colours are judged when they have arrived: what a change of the theme sets going begins with the frame after it.
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const moving = () =>
      document
        .getAnimations()
        .filter(
          ({ effect, playState }) => playState === 'running' && effect?.getTiming().iterations !== Infinity,
        );
    do {
      await frame();
      await frame();
      await Promise.allSettled(moving().map(({ finished }) => finished));
    } while (moving().length > 0);
  });
  // The other mode opens a page of its own for each judgement, for frames of other origins: there are none.
  const axe = new AxeBuilder({ page }).setLegacyMode(true);
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
  const found = violations.map(
    ({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => node.html).join('  ')}`,
  );
  expect(found).toEqual([]);
}

/** Judges `page` in one theme after the other: by all rules, and what is told by colours once more. Nothing moves without end. */
export async function flawlessInBoth(page: Page, where: string): Promise<void> {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await flawless(page, `${where}, light`);
  await page.emulateMedia({ colorScheme: 'dark' });
  await flawless(page, `${where}, dark`, OF_COLOURS);
}
