/** The people of the demo, at work. */
import type { Page } from '@playwright/test';
import { expect, url } from './marquee';

export type Worker = 'admin' | 'manager' | 'boxoffice' | 'customer';

/** Signs somebody of the demo in, as the form does, without the form. The manager's cinema is the demo's first. */
export async function signedInAs(page: Page, who: Worker, server = url()): Promise<void> {
  const answer = await page.request.post(`${server}/api/v1/session`, {
    data: { email: `${who}@marquee.example`, password: `marquee-demo-${who}` },
    headers: { 'x-marquee-csrf': '1' },
  });
  expect(answer.ok(), await answer.text()).toBe(true);
  const person: unknown = await answer.json();
  await page.goto(`${server}/search`);
  await page.evaluate((kept) => localStorage.setItem('marquee.person', JSON.stringify(kept)), person);
}
