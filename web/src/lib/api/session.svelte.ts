/** Who is signed in here. The session itself is a cookie that no script can read; this is what may be shown of it. */
import { api, body } from './client';
import { CSRF, whenSignedOut } from './transport';

export interface Person {
  user_id: string;
  name: string;
  roles: string[];
}

const KEPT = 'marquee.person';

class Session {
  person = $state<Person | null>(read());

  constructor() {
    whenSignedOut(() => this.forget());
    addEventListener('storage', (event) => {
      if (event.key === KEPT) this.person = read();
    });
  }

  async signIn(email: string, password: string): Promise<void> {
    this.keep(await body(api.POST('/api/v1/session', { params: CSRF, body: { email, password } })));
  }

  async register(name: string, email: string, password: string): Promise<void> {
    this.keep(
      await body(api.POST('/api/v1/session/register', { params: CSRF, body: { name, email, password } })),
    );
  }

  async signOut(): Promise<void> {
    await body(api.DELETE('/api/v1/session', { params: CSRF }));
    this.forget();
  }

  /** Forgets the person and all that was kept of theirs on this device. */
  forget(): void {
    this.person = null;
    localStorage.removeItem(KEPT);
    localStorage.removeItem('marquee.hold');
    if ('caches' in globalThis) void caches.delete('marquee-mine');
  }

  private keep({ user_id, name, roles }: Person): void {
    this.person = { user_id, name, roles };
    localStorage.setItem(KEPT, JSON.stringify(this.person));
  }
}

function read(): Person | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Person | null;
  } catch {
    return null;
  }
}

export const session = new Session();
