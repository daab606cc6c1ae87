import { defineConfig, devices } from '@playwright/test';

const chromium = {
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // As root, as in a container, there is no sandbox; what is opened here is our own.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  },
};
const everywhere = {
  ...chromium,
  locale: 'en-GB',
  timezoneId: 'Asia/Kolkata',
  actionTimeout: 10_000,
  // No trace, which films each page and copies its document: it takes a third of the time. `--trace on` when one is wanted.
  screenshot: 'only-on-failure',
} as const;

/** Sizes: a cheap phone, and a desk. What depends on no size says so and runs at one of them. */
export default defineConfig({
  testDir: 'tests',
  globalSetup: './servers.ts',
  fullyParallel: true,
  workers: 2,
  timeout: 90_000,
  expect: { timeout: 10_000 },
  reporter: [['line']],
  projects: [
    {
      name: 'phone',
      grepInvert: /@desk/,
      use: { ...devices['Pixel 5'], ...everywhere, viewport: { width: 390, height: 844 } },
    },
    {
      name: 'desk',
      grepInvert: /@phone/,
      use: { ...everywhere, viewport: { width: 1280, height: 800 } },
    },
  ],
});
