import { defineConfig } from '@playwright/test';
import tests from './playwright.config';

/** Makes the pictures of the docs: the same servers and sizes, one page after the other. */
export default defineConfig({ ...tests, testDir: 'screenshots', workers: 1 });
