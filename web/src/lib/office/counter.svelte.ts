/** Where somebody sells today: one cinema of those they serve, the same on every page of the box office. */
import { cinemaAtWork } from '../admin/CinemaPicker.svelte';
import type { Staff } from '../admin/roles';
import type { Cinema } from '../api/client';

class Counter {
  cinema_id = $state<string | null>(null);

  cinemaOf(staff: Staff): Cinema | undefined {
    return cinemaAtWork(staff.serves, this.cinema_id);
  }
}

export const counter = new Counter();
