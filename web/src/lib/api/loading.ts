import { error } from '@sveltejs/kit';
import { ApiError } from './problem';

/** Has a page that cannot be shown say why, with the status that the server gave. */
export async function loaded<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause;
    const { message, status, code, requestId } = cause;
    error(status >= 400 ? status : 503, { message, status, code, requestId });
  }
}
