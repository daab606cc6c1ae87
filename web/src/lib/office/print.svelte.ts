/** Tickets on their way to the printer: one booking at a time, each ticket on a page of its own. */
import { tick } from 'svelte';
import { booking } from '../api/mine';

/** The ticket file is a column of tickets of one height, with this much around each. */
const AROUND = 16;

export interface Sheet {
  src: string;
  width: number;
  /** Of one ticket with what is around it, and of all of them. */
  height: number;
  whole: number;
  /** How far down each ticket begins. */
  tops: number[];
}

class Printer {
  sheet = $state.raw<Sheet>();

  /** Has the tickets of a booking printed. Rejects when their picture cannot be had. */
  async print(booking_id: string): Promise<void> {
    // A picture cannot renew a session that has lapsed; this can.
    const { tickets } = await booking(booking_id);
    const picture = new Image();
    picture.src = `/api/v1/booking/${booking_id}/ticket.svg`;
    await picture.decode();
    const whole = picture.naturalHeight;
    const step = (whole - AROUND) / tickets.length;
    const tops = Array.from({ length: tickets.length }, (_, nth) => nth * step);
    this.sheet = { src: picture.src, width: picture.naturalWidth, height: step + AROUND, whole, tops };
    await tick();
    await Promise.all([...document.querySelectorAll('.sheets image')].map(shown));
    window.print();
  }
}

/** Waits until a picture is there. */
function shown(image: Element): Promise<unknown> {
  return new Promise((done, fail) => {
    image.addEventListener('load', done, { once: true });
    image.addEventListener('error', () => fail(new Error('a ticket was not drawn')), { once: true });
  });
}

export const printer = new Printer();
