/** Tickets on their way to the printer: one at a time, each on a page of its own. */
import { tick } from 'svelte';

/** The ticket file is a column of tickets of one height, with this much around each. */
const AROUND = 16;

export interface Sheet {
  src: string;
  width: number;
  height: number;
  /** How far down each ticket begins. */
  tops: number[];
}

class Printer {
  sheet = $state.raw<Sheet>();

  /** Has the tickets of a booking printed. Rejects when their picture cannot be had. */
  async print(booking_id: string, tickets: number): Promise<void> {
    const picture = new Image();
    picture.src = `/api/v1/booking/${booking_id}/ticket.svg`;
    await picture.decode();
    const step = (picture.naturalHeight - AROUND) / tickets;
    this.sheet = {
      src: picture.src,
      width: picture.naturalWidth,
      height: step + AROUND,
      tops: Array.from({ length: tickets }, (_, nth) => nth * step),
    };
    await tick();
    await Promise.all(
      [...document.querySelectorAll<HTMLImageElement>('.sheets img')].map((page) => page.decode()),
    );
    window.print();
  }
}

export const printer = new Printer();
