/**
 * A payment that was begun: its idempotency key and what it was made with. Kept until there is a verdict, so that a reload or a lost
 * answer asks again for the same payment and never for a second one.
 */
export interface Attempt {
  key: string;
  token: string;
}

const kept = (lock_id: string) => `marquee.attempt.${lock_id}`;

export function attemptFor(lock_id: string): Attempt | undefined {
  try {
    return (JSON.parse(localStorage.getItem(kept(lock_id)) ?? 'null') as Attempt | null) ?? undefined;
  } catch {
    return undefined;
  }
}

export function beginAttempt(lock_id: string, token: string): Attempt {
  const attempt = { key: crypto.randomUUID(), token };
  localStorage.setItem(kept(lock_id), JSON.stringify(attempt));
  return attempt;
}

export function endAttempt(lock_id: string): void {
  localStorage.removeItem(kept(lock_id));
}
