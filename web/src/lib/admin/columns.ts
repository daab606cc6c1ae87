import type { Snippet } from 'svelte';
import type { Value } from './csv';

/** A column of a table. */
export interface Column<Row> {
  title: string;
  /** What it is sorted and exported by, and shown as where there is no `cell`. */
  value: (row: Row) => Value;
  cell?: Snippet<[Row]>;
  /** Numbers and money stand right. */
  right?: boolean;
}

export interface PageOf<Row> {
  items: Row[];
  next_cursor?: string | null;
}

/** A page of a list: the API's own form. */
export type LoadPage<Row> = (cursor: string | undefined, limit: number) => Promise<PageOf<Row>>;
