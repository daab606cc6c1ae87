import { refusal } from './problem';
import { send } from './transport';

/** Long enough for a browser to have begun. */
const FORGET_MS = 60_000;

/**
 * Has the browser save what is at `path` as `name`. Fetched as everything else is: a link of the page would carry a session that
 * has run out, and save the refusal.
 */
export async function save(path: string, name: string): Promise<void> {
  const answer = await send(new Request(path));
  if (!answer.ok) throw refusal(answer, await answer.json().catch(() => undefined));
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement('a');
  [link.href, link.download] = [url, name];
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), FORGET_MS);
}
