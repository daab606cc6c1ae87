/// <reference types="@sveltejs/kit" />
/// <reference lib="webworker" />
/**
 * Keeps the app and the tickets that were opened here, so that they are there without a network. What is sold is never served from
 * here: seats, holds and payments always go to the server.
 */
import { build, files, version } from '$service-worker';

const worker = globalThis as unknown as ServiceWorkerGlobalScope;
const SHELL = `marquee-shell-${version}`;
/** What belongs to whoever is signed in; signing out deletes it. */
const MINE = 'marquee-mine';
const INDEX = '/index.html';
/** Which files each page needs. */
const PAGES = '/_app/pages.json';
/** Pages of those who work here: their files are kept once they were opened. */
const STAFF = /^\/(admin|box-office|gate)(\/|$)/;

/** Needed to show a ticket, and never wrong for long. */
const KEPT = [
  /^\/api\/v1\/booking\/[^/]+(\/ticket\.svg)?$/,
  /^\/api\/v1\/user\/me(\/bookings)?$/,
  /^\/api\/v1\/(shows|movies|cinemas)\/[^/]+$/,
  /^\/api\/v1\/(movies|cinemas)$/,
];

worker.addEventListener('install', (event) => {
  const store = async () => {
    const cache = await caches.open(SHELL);
    await cache.addAll([INDEX, ...(await ours()), ...files.filter((file) => !file.endsWith('.txt'))]);
    await worker.skipWaiting();
  };
  event.waitUntil(store());
});

/** The files of the customers' pages. */
async function ours(): Promise<string[]> {
  const pages = (await (await fetch(PAGES)).json()) as Record<string, Record<string, string[]>>;
  const all = Object.entries(pages).flatMap(([path, needed]) =>
    STAFF.test(path) ? [] : Object.values(needed).flat(),
  );
  return [...new Set(all)].map((file) => `/${file}`).filter((file) => build.includes(file));
}

worker.addEventListener('activate', (event) => {
  const clear = async () => {
    for (const name of await caches.keys())
      if (name.startsWith('marquee-shell-') && name !== SHELL) await caches.delete(name);
    await worker.clients.claim();
  };
  event.waitUntil(clear());
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (build.includes(url.pathname) || files.includes(url.pathname)) event.respondWith(fromShell(event));
  else if (request.mode === 'navigate' && !url.pathname.startsWith('/api/'))
    event.respondWith(navigate(request));
  else if (KEPT.some((path) => path.test(url.pathname))) event.respondWith(networkFirst(event));
});

async function fromShell(event: FetchEvent): Promise<Response> {
  const { request } = event;
  const kept = await caches.match(request, { cacheName: SHELL, ignoreSearch: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) {
    const copy = answer.clone();
    event.waitUntil(caches.open(SHELL).then((shell) => shell.put(request, copy)));
  }
  return answer;
}

async function navigate(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(INDEX, { cacheName: SHELL })) ?? Response.error();
  }
}

/** Enough for every ticket of a year; the oldest go first. */
const KEPT_MAX = 200;

async function keep(request: Request, answer: Response): Promise<void> {
  const mine = await caches.open(MINE);
  await mine.put(request, answer);
  const kept = await mine.keys();
  for (const old of kept.slice(0, Math.max(0, kept.length - KEPT_MAX))) await mine.delete(old);
}

async function networkFirst(event: FetchEvent): Promise<Response> {
  const { request } = event;
  try {
    const answer = await fetch(request);
    if (answer.ok) event.waitUntil(keep(request, answer.clone()));
    return answer;
  } catch (error) {
    const kept = await caches.match(request, { cacheName: MINE, ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}
