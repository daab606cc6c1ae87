/** Starts Marquee with the demo's data for all tests, and once more with holds that lapse in seconds; both end with the tests. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const BINARY = resolve(process.env.MARQUEE ?? join(import.meta.dirname, '../target/debug/marquee'));
/** A debug build on a busy machine fills its demo in seconds. */
const START_MS = 60_000;
const ASK_EVERY_MS = 100;

export default async function start(): Promise<() => Promise<void>> {
  const claims = mkdtempSync(join(tmpdir(), 'marquee-claims-'));
  process.env.E2E_CLAIMS = claims;
  const forget = () => rmSync(claims, { recursive: true, force: true });
  if (process.env.MARQUEE_URL) {
    process.env.MARQUEE_HASTY_URL ??= '';
    return async () => forget();
  }
  const [shop, hasty] = await Promise.all([
    serve({}),
    serve({ MARQUEE_HOLD_SECONDS: '5', MARQUEE_HOLD_MAX_SECONDS: '9' }),
  ]);
  process.env.MARQUEE_URL = shop.url;
  process.env.MARQUEE_HASTY_URL = hasty.url;
  return async () => {
    forget();
    await Promise.all([shop.stop(), hasty.stop()]);
    delete process.env.MARQUEE_URL;
  };
}

async function serve(settings: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'marquee-e2e-'));
  const [port, ops] = [await freePort(), await freePort()];
  const server = spawn(
    BINARY,
    [
      'serve',
      '--demo',
      '--data-dir',
      join(folder, 'data'),
      '--listen',
      `127.0.0.1:${port}`,
      '--ops-listen',
      `127.0.0.1:${ops}`,
    ],
    { cwd: folder, env: { ...process.env, ...settings, MARQUEE_RATE_LIMITS: 'off' }, stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  await ready(server, `${url}/api/v1/shows?limit=1`);
  const stop = async () => {
    const ended = new Promise((done) => server.once('exit', done));
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

/** Waits until there is a programme: the demo is filled after the server listens. */
async function ready(server: ChildProcess, url: string): Promise<void> {
  const until = Date.now() + START_MS;
  while (Date.now() < until) {
    if (server.exitCode !== null) throw new Error(`${BINARY} ended with ${server.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    const read = answer?.ok ? ((await answer.json()) as { items: unknown[] }) : undefined;
    if (read && read.items.length > 0) return;
    await new Promise((done) => setTimeout(done, ASK_EVERY_MS));
  }
  throw new Error(`${BINARY} was not ready in ${START_MS} ms`);
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
