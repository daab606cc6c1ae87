/** What the person who is signed in may do at work, and where. */
import { cinemas } from '../api/browse';
import { api, body } from '../api/client';
import { own } from '../api/mine';
import { words } from '../i18n/words.svelte';
import { atWork, type Staff } from './roles';

/** Who is at work here; whoever is not signed in does so and comes back to `url`. Customers serve nothing. */
export function staffOf(url: URL): Promise<Staff> {
  return own(url.pathname + url.search, async () => {
    const params = { path: { user_id: 'me' } };
    const [user, everywhere] = await Promise.all([
      body(api.GET('/api/v1/user/{user_id}', { params })),
      cinemas(),
      words.start(),
    ]);
    return atWork(user, everywhere);
  });
}
