import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PART_BYTES_MAX, parts } from './parts';

/** What the server makes of a part: commas and blanks between records are skipped, an outer bracket too. */
function records(text: string): unknown[] {
  const inner = text.trim().replace(/^\[/, '').replace(/\]$/, '').replace(/^\s*,/, '').replace(/,\s*$/, '');
  return JSON.parse(`[${inner}]`) as unknown[];
}

it('a small file is one part, whatever is in it', () => {
  expect(parts('\ufeff[{"a": ')).toEqual([{ text: '[{"a": ', line: 1 }]);
});

it('parts are cut between records, and know their lines', () => {
  const file = '[\n{"n": "}, {"},\n{"n": [{}, "\\"]"]},\n{"n": 3}\n]';
  const found = parts(file, 24);
  expect(found?.map(({ line }) => line)).toEqual([1, 2, 3]);
  expect(found?.map(({ text }) => text).join('')).toBe(file);
  for (const part of found ?? []) expect(records(part.text)).toHaveLength(1);
});

it('records one after another are cut too', () => {
  expect(parts('{"a":1}\n{"a":2}\n{"a":3}', 16)?.map(({ text, line }) => [text, line])).toEqual([
    ['{"a":1}\n{"a":2}', 1],
    ['\n{"a":3}', 2],
  ]);
});

it('what cannot be cut is not', () => {
  expect(parts(`{"@graph": [${'{"a": 1},'.repeat(9)}]}`, 30)).toBeUndefined();
  expect(parts(`[{"a": "${'é'.repeat(40)}"}]`, 60)).toBeUndefined();
});

it('the whole of movies.json arrives', () => {
  const file = readFileSync('../assets/movies/movies.json', 'utf8');
  const found = parts(file) ?? [];
  expect(found.length).toBeGreaterThan(0);
  expect(found.map(({ text }) => text).join('')).toBe(file);
  for (const { text } of found)
    expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(PART_BYTES_MAX);
  expect(found.flatMap(({ text }) => records(text))).toHaveLength(3201);
});
