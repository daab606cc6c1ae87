/** Shows in halls that the demo has none of: of thousands of seats. */
import type { Show } from '../marquee';

const HOUR_MS = 3600_000;

async function ask<T>(url: string, method: string, token: string | undefined, body?: unknown): Promise<T> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** The name of a row: A to Z, then AA. */
const rowName = (at: number): string =>
  (at >= 26 ? String.fromCharCode(64 + Math.floor(at / 26)) : '') + String.fromCharCode(65 + (at % 26));

/** A show in a new hall of `rows` times `across` seats. */
export async function showInHall(server: string, rows: number, across: number): Promise<Show> {
  const signedIn = await fetch(`${server}/api/v1/auth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      username: 'admin@marquee.example',
      password: 'marquee-demo-admin',
    }),
  });
  const { access_token: token } = (await signedIn.json()) as { access_token: string };
  const { items } = await ask<{ items: Show[] }>(
    `${server}/api/v1/shows?city=Mumbai&limit=1`,
    'GET',
    undefined,
  );
  const [like] = items;
  if (!like) throw new Error('the demo has no shows');
  const layout = {
    rows: Array.from({ length: rows }, (_, at) => ({
      row: rowName(at),
      category: at < rows / 2 ? 'classic' : 'prime',
      seats: 's'.repeat(across),
    })),
  };
  const { screen_id } = await ask<{ screen_id: string }>(
    `${server}/api/v1/admin/cinemas/${like.cinema_id}/screens`,
    'POST',
    token,
    { name: `Hall of ${rows * across}`, layout },
  );
  return ask<Show>(`${server}/api/v1/admin/shows`, 'POST', token, {
    movie_id: like.movie_id,
    screen_id,
    start_time: new Date(Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + 48 * HOUR_MS).toISOString(),
    prices: { classic: { amount: 25_000, currency: 'INR' }, prime: { amount: 38_000, currency: 'INR' } },
  });
}
