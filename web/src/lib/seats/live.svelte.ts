/** What the seats of a show are right now: the map as it was read, and every change since, as the server tells of it. */
import type { SeatMap } from '../api/client';
import type { House, Status } from './house';

interface Snapshot {
  version: number;
  unavailable: Record<string, Status>;
}
interface Changes {
  version: number;
  changes: { seat_id: string; status: Status }[];
}

/** Before a stream that broke is opened again: at least this, and up to as much again, so that a crowd does not return at once. */
const RECONNECT_MS = 1500;

export class Live {
  /** Rises with every change; whoever draws depends on it. */
  tick = $state(0);
  connected = $state(true);
  available = $state(0);
  private states: Status[];
  private stream: EventSource | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly house: House,
    map: SeatMap,
  ) {
    this.states = map.seats.map((seat) => seat.status);
    this.available = map.seats_available;
  }

  status = (index: number): Status => this.states[index] ?? 'blocked';
  free = (index: number): boolean => this.states[index] === 'available';

  /** Follows the show until the returned function is called. */
  follow(show_id: string): () => void {
    const open = () => {
      const stream = new EventSource(`/api/v1/shows/${show_id}/seats/events`);
      this.stream = stream;
      stream.onopen = () => (this.connected = true);
      stream.onerror = () => {
        this.connected = false;
        // A stream that is only cut off comes back by itself; one that was refused does not.
        if (stream.readyState === EventSource.CLOSED)
          this.timer = setTimeout(open, RECONNECT_MS * (1 + Math.random()));
      };
      stream.addEventListener('snapshot', (event) =>
        this.replace(JSON.parse(event.data as string) as Snapshot),
      );
      stream.addEventListener('seats', (event) => this.change(JSON.parse(event.data as string) as Changes));
    };
    open();
    return () => {
      clearTimeout(this.timer);
      this.stream?.close();
    };
  }

  /** What the server has just told in an answer, before the stream does. */
  note(seats: readonly string[], status: Status): void {
    this.change({ version: 0, changes: seats.map((seat_id) => ({ seat_id, status })) });
  }

  private replace({ unavailable }: Snapshot): void {
    this.states = this.house.seats.map((seat) => unavailable[seat.seat_id] ?? 'available');
    this.count();
  }

  private change({ changes }: Changes): void {
    for (const { seat_id, status } of changes) {
      const index = this.house.indexOf.get(seat_id);
      if (index !== undefined) this.states[index] = status;
    }
    this.count();
  }

  private count(): void {
    this.available = this.states.reduce((free, status) => free + (status === 'available' ? 1 : 0), 0);
    this.tick += 1;
  }
}
