/** Cuts a file of records into parts that one call takes, without reading what is in them. Pure. */

/** A call takes a mebibyte. */
export const PART_BYTES_MAX = 1_000_000;

export interface Part {
  text: string;
  /** The line of the file that it begins on, from 1. */
  line: number;
}

/**
 * The file in parts of at most `most` bytes, cut between records: those of an outer array, or one after another. `undefined` when a
 * part would be larger, as a graph whose records name one another is.
 */
export function parts(file: string, most = PART_BYTES_MAX): Part[] | undefined {
  const text = file.replace(/^\ufeff/, '');
  if (bytes(text) <= most) return [{ text, line: 1 }];
  const found: Part[] = [];
  let [from, line, end, size] = [0, 1, 0, 0];
  for (const cut of [...cuts(text), text.length]) {
    const more = bytes(text.slice(end, cut));
    if (more > most) return undefined;
    if (size + more > most) {
      const part = text.slice(from, end);
      found.push({ text: part, line });
      line += part.split('\n').length - 1;
      [from, size] = [end, 0];
    }
    [end, size] = [cut, size + more];
  }
  return [...found, { text: text.slice(from), line }];
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Just behind each record of the outer array, or of the file when there is none. */
function* cuts(text: string): Generator<number> {
  const outer = /^\s*\[/.test(text) ? 1 : 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === outer && character === '}') yield at + 1;
    }
  }
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"' || text[at] === '\n') return at;
  }
  return text.length;
}
