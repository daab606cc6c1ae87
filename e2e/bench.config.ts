import { defineConfig } from '@playwright/test';
import tests from './playwright.config';

/** Measures the app: one page after the other on a phone, each in a browser that has seen none of it. */
export default defineConfig({
  ...tests,
  testDir: 'bench',
  workers: 1,
  timeout: 180_000,
  reporter: [['./bench/report.ts']],
  projects: (tests.projects ?? []).filter(({ name }) => name === 'phone'),
});
