import { defineConfig } from '@playwright/test';
import tests from './playwright.config';

/** Measures the app: one page after the other on a phone, each in a browser that has seen none of it. */
export default defineConfig({
  ...tests,
  testDir: 'bench',
  workers: 1,
  timeout: 180_000,
  reporter: [['./bench/report.ts']],
  projects: (tests.projects ?? [])
    .filter(({ name }) => name === 'phone')
    // A trace films the page and copies its whole document at every press, on the very thread that is measured: with it a
    // press takes several times as long.
    .map((project) => ({ ...project, use: { ...project.use, trace: 'off' } })),
});
