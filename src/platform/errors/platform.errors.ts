import { type FieldError, ResearchPlatformError } from './research-platform.error.js';

/** Mistakes that one answer names. */
export const MAX_FIELD_ERRORS = 100;

/** Fields or query parameters that are not valid, each with its place; of many, the first. Slug `validation-failed`. */
export class ValidationFailedError extends ResearchPlatformError {
  constructor(all: readonly FieldError[], detail?: string) {
    const errors = all.slice(0, MAX_FIELD_ERRORS);
    super('validation-failed', detail ?? summary(errors), { errors });
  }
}

function summary(errors: readonly FieldError[]): string {
  const [first] = errors;
  if (!first) return 'The request is not valid';
  const place = 'pointer' in first ? first.pointer || 'the body' : `parameter ${first.parameter}`;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${place}: ${first.detail}${more}`;
}

/** A body, header or URL that cannot be read. Slug `malformed-request`. */
export class MalformedRequestError extends ResearchPlatformError {
  constructor(detail: string) {
    super('malformed-request', detail);
  }
}

/** No such path, or a resource without a slug of its own. Slug `not-found`. */
export class NotFoundError extends ResearchPlatformError {
  constructor(detail = 'There is no such resource') {
    super('not-found', detail);
  }
}

/** The state of a resource forbids the request. Slug `conflict`. */
export class ConflictError extends ResearchPlatformError {
  constructor(detail: string) {
    super('conflict', detail);
  }
}

/** `If-Match` does not name the present ETag. Slug `precondition-failed`. */
export class PreconditionFailedError extends ResearchPlatformError {
  constructor(detail = 'If-Match does not name the present ETag of the resource: read it again and decide anew') {
    super('precondition-failed', detail);
  }
}

/** `If-Match` is missing where it is not optional. Slug `precondition-required`. */
export class PreconditionRequiredError extends ResearchPlatformError {
  constructor(detail: string) {
    super('precondition-required', detail);
  }
}

/** The database is away or too slow to answer. Slug `database-unavailable`. */
export class DatabaseUnavailableError extends ResearchPlatformError {
  constructor(options?: ErrorOptions) {
    super('database-unavailable', 'The database cannot be reached at the moment', {}, options);
  }
}

/** What was asked crossed others' work on the same rows, and was undone. Slug `database-unavailable`. */
export class DatabaseBusyError extends ResearchPlatformError {
  constructor(options?: ErrorOptions) {
    super('database-unavailable', "Others' changes crossed this one, and nothing of it was done", {}, options);
  }
}

/** The process is on its way out and takes no new work. Slug `shutting-down`. */
export class ShuttingDownError extends ResearchPlatformError {
  constructor() {
    super('shutting-down', 'This server is shutting down');
  }
}
