import type { ClientInit, HandleClientError } from '@sveltejs/kit';
import { ApiError } from '$lib/api/problem';

/** Longer than a frame takes anywhere: a page that nobody sees has none. */
const PAINT_MS_MAX = 250;

/** What the server wrote is painted before the app, whose first work is its longest, takes its place. */
export const init: ClientInit = async () => {
  if (document.hidden || performance.getEntriesByName('first-contentful-paint').length > 0) return;
  await new Promise<void>((painted) => {
    requestAnimationFrame(() => setTimeout(painted));
    setTimeout(painted, PAINT_MS_MAX);
  });
};

/** What the error page may say of an error. */
export const handleError: HandleClientError = ({ error, status, message }) => {
  if (error instanceof ApiError)
    return { message: error.message, status: error.status, code: error.code, requestId: error.requestId };
  return { message, status };
};
