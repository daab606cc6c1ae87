/** What a gate keeps on its device, so that it works on without a network and after a reload: IndexedDB. */
import type { DoorList } from './door';
import type { TicketKey } from './token';

/** A ticket that was let in without a network, until the server knows of it. */
export interface Scan {
  nonce: string;
  token: string;
  gate: string;
  scanned_at: string;
  cinema_id: string;
  show_id?: string;
  /** By what the gate knows it again. */
  ticket_id: string;
}

interface Shelves {
  lists: DoorList;
  scans: Scan;
  keys: { id: 'keys'; keys: TicketKey[] };
}

const NAME = 'marquee-gate';
const PATHS: Record<keyof Shelves, string> = { lists: 'show_id', scans: 'nonce', keys: 'id' };

let opening: Promise<IDBDatabase> | undefined;

function opened(): Promise<IDBDatabase> {
  opening ??= new Promise((done, fail) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const [shelf, keyPath] of Object.entries(PATHS))
        request.result.createObjectStore(shelf, { keyPath });
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error ?? new Error('the device keeps nothing'));
  });
  return opening;
}

async function act<T>(
  shelf: keyof Shelves,
  mode: IDBTransactionMode,
  what: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const transaction = (await opened()).transaction(shelf, mode);
  const request = what(transaction.objectStore(shelf));
  return new Promise((done, fail) => {
    // Written is what is written to the end.
    transaction.oncomplete = () => done(request.result);
    transaction.onabort = () => fail(transaction.error ?? new Error('the device keeps nothing more'));
  });
}

export function all<S extends keyof Shelves>(shelf: S): Promise<Shelves[S][]> {
  return act(shelf, 'readonly', (store) => store.getAll() as IDBRequest<Shelves[S][]>);
}

export async function put<S extends keyof Shelves>(shelf: S, what: Shelves[S]): Promise<void> {
  await act(shelf, 'readwrite', (store) => store.put(what));
}

export async function remove(shelf: keyof Shelves, key: string): Promise<void> {
  await act(shelf, 'readwrite', (store) => store.delete(key));
}
