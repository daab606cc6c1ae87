import adapter from '@sveltejs/adapter-static';

/** @type {import('@sveltejs/kit').Config} */
export default {
  kit: {
    adapter: adapter({ fallback: 'index.html', precompress: true }),
    output: { bundleStrategy: 'split' },
    serviceWorker: { register: false },
    version: { pollInterval: 0 },
  },
};
