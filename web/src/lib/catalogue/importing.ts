/** A file of films, sent part by part; what the parts say is told as of one file. */
import { api, body } from '../api/client';
import type { components } from '../api/schema';
import type { Part } from './parts';

export type Imported = components['schemas']['ImportView'];
export type ImportRecord = Imported['records'][number];

/** Has the server compare the parts with the catalogue, or take them in. */
export async function send(
  parts: readonly Part[],
  dry_run: boolean,
  progress: (part: number) => void,
): Promise<Imported> {
  const answers: Imported[] = [];
  for (const [at, part] of parts.entries()) {
    progress(at + 1);
    const answer = await body(
      api.POST('/api/v1/admin/movies/import', {
        params: { query: { dry_run } },
        body: part.text,
        // As it stands in the file: broken records have to reach the server as well.
        bodySerializer: (text: unknown) => text as string,
        headers: { 'content-type': 'application/json' },
      }),
    );
    answers.push(shifted(answer, part.line - 1));
  }
  return whole(answers, dry_run);
}

/** The answer with its lines counted from the file's first. */
export function shifted(answer: Imported, by: number): Imported {
  return { ...answer, records: answer.records.map((record) => ({ ...record, line: record.line + by })) };
}

export function whole(answers: readonly Imported[], dry_run: boolean): Imported {
  const sum = (of: (answer: Imported) => number) => answers.reduce((total, answer) => total + of(answer), 0);
  return {
    dry_run,
    added: sum((answer) => answer.added),
    changed: sum((answer) => answer.changed),
    unchanged: sum((answer) => answer.unchanged),
    refused: sum((answer) => answer.refused),
    shows_added: sum((answer) => answer.shows_added),
    shows_known: sum((answer) => answer.shows_known),
    cinemas_added: sum((answer) => answer.cinemas_added),
    durations_assumed: sum((answer) => answer.durations_assumed),
    records: answers.flatMap((answer) => answer.records),
  };
}
