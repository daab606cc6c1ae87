/** A plan as text, in the contract's notation: JSON, with a row on a line so that it looks like the house. Pure. */
import { read, write, type Plan, type WrittenRow } from './plan';

export class NotationError extends Error {
  constructor(
    readonly problem: 'notJson' | 'noRows' | 'badRow',
    /** Which row, from 1. */
    readonly row?: number,
  ) {
    super(problem);
  }
}

export function toText(plan: Plan): string {
  const rows = write(plan);
  const wide = (of: (row: WrittenRow) => string) =>
    Math.max(...rows.map((row) => Array.from(JSON.stringify(of(row))).length));
  const [names, categories] = [wide((row) => row.row), wide((row) => row.category)];
  // The comma belongs to the value, the blanks stand after it.
  const field = (value: string, width: number) => `${JSON.stringify(value)},`.padEnd(width + 1);
  const line = ({ row, category, seats }: WrittenRow) =>
    `  {"row": ${field(row, names)} "category": ${field(category, categories)} "seats": ${JSON.stringify(seats)}}`;
  return `{"rows": [\n${rows.map(line).join(',\n')}\n]}\n`;
}

/** The plan that `text` writes down: the layout itself, its list of rows, or a screen that has it. */
export function fromText(text: string): Plan {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new NotationError('notJson');
  }
  const rows = rowsIn(json);
  if (!rows || rows.length === 0) throw new NotationError('noRows');
  return read(rows.map((row, at) => rowOf(row, at + 1)));
}

function rowsIn(json: unknown): unknown[] | undefined {
  if (Array.isArray(json)) return json;
  if (typeof json !== 'object' || json === null) return undefined;
  if ('layout' in json) return rowsIn(json.layout);
  return 'rows' in json && Array.isArray(json.rows) ? json.rows : undefined;
}

function rowOf(json: unknown, at: number): WrittenRow {
  const { row, category, seats } = (typeof json === 'object' && json !== null ? json : {}) as Record<
    string,
    unknown
  >;
  if (typeof row !== 'string' || typeof category !== 'string' || typeof seats !== 'string')
    throw new NotationError('badRow', at);
  return { row, category, seats };
}
