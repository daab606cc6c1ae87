/** A layout under the pen: the plan and its history, the tool in hand, and which places are marked. */
import { i18n } from '../i18n/i18n.svelte';
import { words } from '../i18n/words.svelte';
import { categorise, CATEGORY_FIRST, ordered, put, rowsOf, type Area } from './edit';
import { begin, redo, step, undo } from './history';
import { houseOfPlan } from './house';
import {
  count,
  faults,
  isAisle,
  LIMITS,
  numberAt,
  placeAt,
  seatsIn,
  widthOf,
  withoutCompanion,
  type Place,
  type Plan,
} from './plan';

/** What a stroke does: marks places, puts places of a kind, gives rows a category, or moves the sheet. */
export type Tool = 'mark' | Place | 'category' | 'move';
export const TOOLS: readonly Tool[] = ['move', 'mark', 's', 'w', 'c', '_', 'category'];

/** Empty places to draw on beside and behind the seats. */
const SPARE = { places: 4, rows: 3 } as const;
/** The least sheet there is. */
const LEAST = { places: 16, rows: 6 } as const;
/** The sheet grows by so many places at once, so that it does not move at every stroke. */
const GROWTH = 4;

export class Drawing {
  private history = $state.raw(begin([]));
  tool = $state<Tool>('s');
  /** The category that the tool of that name gives. */
  category = $state(CATEGORY_FIRST);
  /** The places marked; its second corner is where the cursor is. */
  area = $state.raw<Area>({ x: 0, y: 0, toX: 0, toY: 0 });
  /** What was done last, for those who do not see it. */
  said = $state('');

  plan = $derived(this.history.now);
  house = $derived(houseOfPlan(this.plan));
  count = $derived(count(this.plan));
  faults = $derived(faults(this.plan));
  lonely = $derived(withoutCompanion(this.plan));
  rows = $derived(rowsOf(this.area));
  canUndo = $derived(this.history.past.length > 0);
  canRedo = $derived(this.history.future.length > 0);
  sheet = $derived({
    width: Math.min(LIMITS.places, grown(Math.max(widthOf(this.plan) + SPARE.places, LEAST.places))),
    height: Math.min(LIMITS.rows, Math.max(this.plan.length + SPARE.rows, LEAST.rows)),
  });

  begin(plan: Plan): void {
    this.history = begin(plan);
    this.category = this.count.categories[0]?.category ?? CATEGORY_FIRST;
    this.area = { x: 0, y: 0, toX: 0, toY: 0 };
  }

  edit(change: (plan: Plan) => Plan): void {
    this.history = step(this.history, change(this.plan));
  }

  undo(): void {
    this.history = undo(this.history);
    this.said = words.messages.catalogue.layout.undone;
  }

  redo(): void {
    this.history = redo(this.history);
    this.said = words.messages.catalogue.layout.redone;
  }

  /** Marks places, and does to them what the tool in hand does. */
  stroke(area: Area): void {
    this.area = area;
    if (this.tool === 'category') this.edit((plan) => categorise(plan, rowsOf(area), this.category));
    else if (this.tool !== 'mark' && this.tool !== 'move') this.put(this.tool);
    this.tell();
  }

  /** Puts places of a kind wherever it is marked. */
  put(place: Place): void {
    this.edit((plan) => put(plan, this.area, place));
    this.tell();
  }

  mark(area: Area): void {
    const within = (at: number, most: number) => Math.min(Math.max(at, 0), most - 1);
    this.area = {
      x: within(area.x, this.sheet.width),
      toX: within(area.toX, this.sheet.width),
      y: within(area.y, this.sheet.height),
      toY: within(area.toY, this.sheet.height),
    };
    this.tell();
  }

  markRow(y: number, toY = y): void {
    this.mark({ x: 0, y, toX: Math.max(widthOf(this.plan) - 1, 0), toY });
  }

  /** Says what is marked. */
  private tell(): void {
    const m = words.messages.catalogue.layout;
    const { x, y, toX, toY } = ordered(this.area);
    if (x !== toX || y !== toY) {
      const seats = this.plan
        .slice(y, toY + 1)
        .reduce((sum, row) => sum + seatsIn(row.places.slice(x, toX + 1)), 0);
      this.said = m.marked(toX - x + 1, toY - y + 1, seats);
      return;
    }
    const row = this.plan[y];
    const place = placeAt(this.plan, x, y);
    const seat = place === '_' ? m.empty : `${m.kinds[place]} ${row?.name ?? ''}${numberAt(this.plan, x, y)}`;
    const where = !row ? m.newRow : isAisle(row) ? m.crossAisle : m.rowCalled(row.name, row.category);
    this.said = i18n.list([seat, where, m.placeAcross(x + 1)]);
  }
}

function grown(places: number): number {
  return Math.ceil(places / GROWTH) * GROWTH;
}
