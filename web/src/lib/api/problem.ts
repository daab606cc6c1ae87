import type { components } from './schema';

export type Problem = components['schemas']['Problem'];

/** A refusal by the server, or no answer at all (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly problem: Partial<Problem>,
    readonly requestId: string | undefined,
    /** Seconds, where the server said when to come back. */
    readonly retryAfter: number | undefined,
  ) {
    super(problem.detail ?? problem.title ?? code);
  }

  /** What is wrong with which field, by the field's name. */
  get fields(): Record<string, string> {
    return Object.fromEntries((this.problem.errors ?? []).map(({ field, message }) => [field, message]));
  }
}

/** No answer: no network, or a server that is not there. */
export function unreachable(): ApiError {
  return new ApiError(0, 'unreachable', {}, undefined, undefined);
}

/** The refusal in `response`, whose body was read as `body`. */
export function refusal(response: Response, body: unknown): ApiError {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>;
  const retry = Number(response.headers.get('retry-after'));
  return new ApiError(
    response.status,
    problem.code ?? 'internal',
    problem,
    response.headers.get('x-request-id') ?? undefined,
    retry > 0 ? retry : undefined,
  );
}
