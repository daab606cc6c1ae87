import { sveltekit } from '@sveltejs/kit/vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { everywhere, pages } from './vite.pages';
import { views } from './vite.views';

/** Where `vite dev` and `vite preview` find the API. */
const api = process.env.MARQUEE_URL ?? 'http://127.0.0.1:8080';

/** SvelteKit hides its announcer by a style attribute, which our policy refuses; `app.css` does it instead. */
const announcer: Plugin = {
  name: 'announcer-without-style',
  enforce: 'pre',
  transform(code, id) {
    if (!id.endsWith('/generated/root.svelte')) return null;
    const bare = code.replace(/(id="svelte-announcer"[^>]*?) style="[^"]*"/, '$1');
    if (bare === code)
      this.error('SvelteKit has another announcer now: see what hides it, and whether the policy lets it');
    return bare;
  },
};

export default defineConfig({
  plugins: [announcer, sveltekit(), everywhere, pages, views],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    rollupOptions: { output: { experimentalMinChunkSize: 12_000 } },
  },
  server: { proxy: { '/api': api } },
  preview: { proxy: { '/api': api } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
