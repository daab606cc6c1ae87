import type { HandleClientError } from '@sveltejs/kit';
import { ApiError } from '$lib/api/problem';

/** What the error page may say of an error. */
export const handleError: HandleClientError = ({ error, status, message }) => {
  if (error instanceof ApiError)
    return { message: error.message, status: error.status, code: error.code, requestId: error.requestId };
  return { message, status };
};
