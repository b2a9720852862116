import { problemDefinition, type ProblemSlug, problemType } from './problems.js';
import type { FieldError, ProblemExtras, ProblemMembers, ResearchPlatformError } from './research-platform.error.js';

/** Media type of every error answer (RFC 9457). */
export const PROBLEM_JSON = 'application/problem+json';

/** Body of every error answer. */
export interface ProblemDocument extends ProblemMembers {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly request_id: string;
  readonly run_id?: number;
  readonly errors?: readonly FieldError[];
}

/** The request that a problem answers: `instance` is its path, without the query string. */
export interface ProblemContext {
  readonly url: string;
  readonly requestId: string;
}

/** The problem document of a domain error for one request. */
export function problemDocument(error: ResearchPlatformError, context: ProblemContext): ProblemDocument {
  const { status, title } = problemDefinition(error.slug);
  return {
    type: problemType(error.slug),
    title,
    status,
    detail: error.detail,
    instance: context.url.split('?', 1)[0] ?? '/',
    request_id: context.requestId,
    ...(error.extras.runId === undefined ? {} : { run_id: error.extras.runId }),
    ...(error.extras.errors ? { errors: error.extras.errors } : {}),
    ...error.extras.members,
  };
}

/** Headers that go with a problem: its media type, and `Retry-After` / `WWW-Authenticate` where the slug asks for them. */
export function problemHeaders(slug: ProblemSlug, extras: ProblemExtras): Record<string, string> {
  const retryAfter = extras.retryAfterSeconds ?? problemDefinition(slug).retryAfterSeconds;
  return {
    'content-type': `${PROBLEM_JSON}; charset=utf-8`,
    'cache-control': 'no-store',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) }),
    ...(slug === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {}),
  };
}
