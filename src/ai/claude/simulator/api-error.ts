import type { Json } from './simulator.types.js';

const TYPE_BY_STATUS: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** The error type that the Messages API uses with `status` when nothing more is known. */
export function errorTypeOf(status: number): string {
  return TYPE_BY_STATUS[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
}

/** Anything that the simulated API answers with an error body. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly type: string = errorTypeOf(status),
    readonly headers: Readonly<Record<string, string>> = {},
    readonly details?: Json,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** The body as sent; `details` is left out where the real API leaves it out. */
  toBody(requestId: string | null): Json {
    const error = { type: this.type, message: this.message, ...(this.details && { details: this.details }) };
    return { type: 'error', error, request_id: requestId };
  }
}

/** A 400 in the words of the real API: `path: what is wrong with it`. */
export function invalidRequest(path: string, problem: string): ApiError {
  return new ApiError(400, `${path}: ${problem}`);
}
