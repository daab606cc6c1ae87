/**
 * How a request goes out: with the session's cookie, with the header that no foreign page can send, and once more after the
 * session was renewed.
 */
import { opening } from './opening';
import { unreachable } from './problem';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
/** What an unsafe call carries, so that no other site can make it: a header of our own. */
export const CSRF = { header: { 'X-Marquee-Csrf': '1' } } as const;
const REFRESH = '/api/v1/session/refresh';

let signedOut: () => void = () => {};
let renewal: Promise<boolean> | undefined;

/** Calls `listener` when the server no longer knows the session. */
export function whenSignedOut(listener: () => void): void {
  signedOut = listener;
}

async function once(request: Request): Promise<Response> {
  if (!SAFE.has(request.method)) request.headers.set('X-Marquee-Csrf', CSRF.header['X-Marquee-Csrf']);
  try {
    return await fetch(request);
  } catch {
    throw unreachable();
  }
}

/** Renews the session, once for all requests that want it; tabs wait for one another. */
function renew(): Promise<boolean> {
  const ask = async () => (await once(new Request(REFRESH, { method: 'POST' }))).ok;
  const inTurn = async (): Promise<boolean> =>
    // Without a secure context there are no locks.
    'locks' in navigator ? await navigator.locks.request('marquee.session', ask) : await ask();
  const asked = renewal ?? inTurn().finally(() => (renewal = undefined));
  renewal = asked;
  return asked;
}

/** Sends `request`, unless the page came with the answer; a 401 has the session renewed and the request sent again, once. */
export async function send(request: Request): Promise<Response> {
  const known = opening.take(request);
  if (known) return known;
  const again = request.clone();
  const answer = await once(request);
  if (answer.status !== 401 || request.url.includes('/api/v1/session')) return answer;
  if (await renew()) return once(again);
  signedOut();
  return answer;
}
