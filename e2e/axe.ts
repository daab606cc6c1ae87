/** What axe says of a page as it is now. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './marquee';

export async function flawless(page: Page, where: string): Promise<void> {
  await expect(page.locator('#first')).toHaveCount(0);
  // Colours are judged when they have arrived: what a change of the theme sets going begins with the frame after it.
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
    const ending = document
      .getAnimations()
      .filter((each) => each.effect?.getTiming().iterations !== Infinity);
    await Promise.allSettled(ending.map((each) => each.finished));
  });
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(
    ({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => node.html).join('  ')}`,
  );
  expect(found).toEqual([]);
}
