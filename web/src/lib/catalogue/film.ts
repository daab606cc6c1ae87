/** A film as its form has it. Pure. */
import type { Movie } from '../api/client';
import type { components } from '../api/schema';
import { labelsIn, linesIn, wholeIn } from './texts';

export type NewFilm = components['schemas']['AddMovie'];

export interface FilmForm {
  title: string;
  duration_minutes: string;
  genres: string;
  languages: string;
  certificate: string;
  release_date: string;
  director: string;
  cast: string;
  synopsis: string;
}

export const EMPTY: FilmForm = {
  title: '',
  duration_minutes: '',
  genres: '',
  languages: '',
  certificate: '',
  release_date: '',
  director: '',
  cast: '',
  synopsis: '',
};

const MINUTES_MAX = 1000;

export function formOf(film: Movie): FilmForm {
  return {
    title: film.title,
    duration_minutes: String(film.duration_minutes),
    genres: film.genres.join(', '),
    languages: film.languages.join(', '),
    certificate: film.certificate ?? '',
    release_date: film.release_date ?? '',
    director: film.director ?? '',
    cast: film.cast.join('\n'),
    synopsis: film.synopsis ?? '',
  };
}

/** What the form says; nothing while its running time is none. An empty field is emptied. */
export function filmIn(form: FilmForm): (NewFilm & { duration_minutes: number }) | undefined {
  const minutes = wholeIn(form.duration_minutes, MINUTES_MAX);
  if (!minutes) return undefined;
  const text = (of: string) => of.trim() || null;
  return {
    title: form.title.trim(),
    duration_minutes: minutes,
    genres: labelsIn(form.genres),
    languages: labelsIn(form.languages),
    certificate: text(form.certificate),
    release_date: text(form.release_date),
    director: text(form.director),
    cast: linesIn(form.cast),
    synopsis: text(form.synopsis),
  };
}
