/** What anybody may read: films, cinemas, shows. */
import { all, api, body, PAGE_ITEMS_MAX, type Cinema, type Movie, type MovieCard, type Show } from './client';

let cinemaList: Promise<Cinema[]> | undefined;

/** Every cinema; asked for once. */
export function cinemas(): Promise<Cinema[]> {
  cinemaList ??= all((cursor) => body(api.GET('/api/v1/cinemas', { params: { query: page(cursor) } }))).catch(
    (error: unknown) => {
      cinemaList = undefined;
      throw error;
    },
  );
  return cinemaList;
}

/** Has the cinemas asked for anew: one of them was changed here. */
export function forgetCinemas(): void {
  cinemaList = undefined;
}

export function cinema(cinema_id: string): Promise<Cinema> {
  return body(api.GET('/api/v1/cinemas/{cinema_id}', { params: { path: { cinema_id } } }));
}

export function movie(movie_id: string): Promise<Movie> {
  return body(api.GET('/api/v1/movies/{movie_id}', { params: { path: { movie_id } } }));
}

export function movies(filter: { q?: string; city?: string; genre?: string }): Promise<MovieCard[]> {
  return all((cursor) =>
    body(api.GET('/api/v1/movies', { params: { query: { ...filter, ...page(cursor) } } })),
  );
}

export function show(show_id: string): Promise<Show> {
  return body(api.GET('/api/v1/shows/{show_id}', { params: { path: { show_id } } }));
}

export function shows(filter: {
  movie_id?: string;
  cinema_id?: string;
  city?: string;
  date?: string;
}): Promise<Show[]> {
  return all((cursor) =>
    body(api.GET('/api/v1/shows', { params: { query: { ...filter, ...page(cursor) } } })),
  );
}

function page(cursor: string | undefined) {
  return cursor === undefined ? { limit: PAGE_ITEMS_MAX } : { limit: PAGE_ITEMS_MAX, cursor };
}
