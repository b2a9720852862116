/** One line of the error catalogue: how a domain error looks from outside. */
export interface ProblemDefinition {
  /** HTTP status code of every answer with this slug. */
  readonly status: number;
  /** Short, the same for every occurrence (RFC 9457 `title`). */
  readonly title: string;
  /** What it means and what a caller can do; served at `/problems/{slug}` and in the OpenAPI document. */
  readonly meaning: string;
  /** Seconds sent as `Retry-After` unless the error knows better. */
  readonly retryAfterSeconds?: number;
}

/**
 * The one table from error slug to HTTP. The exception filter, the OpenAPI error responses and `/problems` all read it,
 * and `ProblemSlug` is derived from it, so that an error with an unmapped slug does not compile.
 */
export const PROBLEMS = {
  'validation-failed': {
    status: 422,
    title: 'The request is well-formed but not valid',
    meaning:
      'One or more fields or query parameters are missing, unknown, or outside what is allowed. `errors` lists each with a JSON Pointer (or the parameter name). Correct them and send the request again.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request could not be read',
    meaning: 'The body is not valid JSON, or a header or the URL is malformed. Nothing was done.',
  },
  unauthorized: {
    status: 401,
    title: 'A valid API key is needed',
    meaning: 'Send `Authorization: Bearer <api key>`. The key is missing, malformed, unknown, expired or revoked.',
  },
  forbidden: {
    status: 403,
    title: 'The API key does not allow this',
    meaning: 'The key is valid but lacks the scope that this operation needs. `detail` names it.',
  },
  'item-not-found': {
    status: 404,
    title: 'Research item not found',
    meaning: 'No research item of yours has this id.',
  },
  'prompt-not-found': { status: 404, title: 'Prompt not found', meaning: 'No prompt of yours has this id.' },
  'run-not-found': { status: 404, title: 'Run not found', meaning: 'No run of yours has this id.' },
  'batch-not-found': { status: 404, title: 'Batch not found', meaning: 'No batch of yours has this id.' },
  'not-found': {
    status: 404,
    title: 'Not found',
    meaning: 'There is no such path, or no such resource under it.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The path exists but not with this method. `Allow` lists the methods that it has.',
  },
  conflict: {
    status: 409,
    title: 'Conflict with the present state',
    meaning: 'The request is valid but the resource is in a state that forbids it, such as a name that is taken.',
  },
  'request-in-progress': {
    status: 409,
    title: 'The first request under this idempotency key is still running',
    meaning: 'Wait for `Retry-After` seconds and send the same request again: it then replays the first answer.',
    retryAfterSeconds: 1,
  },
  'run-cancelled': {
    status: 409,
    title: 'The run was cancelled',
    meaning:
      'The run was cancelled while you waited for it. What was seen of the answer is kept on the run (`run_id`).',
  },
  'precondition-failed': {
    status: 412,
    title: 'The resource has changed',
    meaning: '`If-Match` does not name the present ETag. Read the resource again and decide anew.',
  },
  'precondition-required': {
    status: 428,
    title: 'If-Match is required',
    meaning: 'Moving an existing label needs `If-Match` with its present ETag, so that nobody moves it unseen.',
  },
  'payload-too-large': {
    status: 413,
    title: 'The request body is too large',
    meaning:
      'A body may have 1 MiB (a batch 32 MiB), and what the queries of a batch ask together, as rendered, 64 Mi characters.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported content type',
    meaning: 'Send `Content-Type: application/json`.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The idempotency key was used for another request',
    meaning: 'Within 24 hours a key stands for one request. Use a new key for a new request.',
  },
  'missing-variables': {
    status: 422,
    title: 'Variables are missing or of the wrong type',
    meaning: 'The prompt version needs variables that were not given or have another type. `errors` lists each.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    meaning: 'You are over your requests per minute. Wait for `Retry-After` seconds.',
    retryAfterSeconds: 1,
  },
  'budget-exceeded': {
    status: 429,
    title: 'The budget does not allow this run',
    meaning:
      'The worst case of this run costs more (`needed_usd`; null where the model has no known price) than is left of your budget (`remaining_usd`). Lower `max_tokens`, or ask an admin to raise the budget. Waiting does not help.',
  },
  'internal-error': {
    status: 500,
    title: 'Internal error',
    meaning: 'A defect in Dossier. Give the `request_id` to its operator, who finds the cause in the log.',
  },
  'output-invalid': {
    status: 502,
    title: 'The answer does not match output_schema',
    meaning:
      'Claude answered, but not in the shape that `output_schema` asks for. Text, usage and cost are on the run.',
  },
  'run-interrupted': {
    status: 502,
    title: 'The run was interrupted',
    meaning:
      'An answer may have been under way and its end was not seen. The run (`run_id`) tells what was seen and the least and most it can have cost.',
  },
  'database-unavailable': {
    status: 503,
    title: 'The database is not available at the moment',
    meaning:
      "It cannot be reached, or others' changes of the same rows came first. Nothing was done, or nothing more than the run that `run_id` names. Try again after `Retry-After` seconds.",
    retryAfterSeconds: 2,
  },
  overloaded: {
    status: 503,
    title: 'Too many runs are waiting',
    meaning: 'The queue of calls to Claude in this process is full. Try again after `Retry-After` seconds.',
    retryAfterSeconds: 5,
  },
  'shutting-down': {
    status: 503,
    title: 'The server is shutting down',
    meaning: 'Try again after `Retry-After` seconds: another replica, or the restarted one, will answer.',
    retryAfterSeconds: 5,
  },
  'claude-rejected-request': {
    status: 400,
    title: 'Claude rejected the request',
    meaning: "Claude refused the request as it stands; `detail` carries Claude's own message. Change the request.",
  },
  'claude-request-too-large': {
    status: 413,
    title: 'The request is too large for Claude',
    meaning: 'The prompt is larger than Claude takes in one request. Shorten it.',
  },
  'claude-misconfigured': {
    status: 502,
    title: "Dossier's access to Claude is not in order",
    meaning: "Claude refused Dossier's own credentials, permission or spending limit. Only its operator can mend it.",
  },
  'claude-rate-limited': {
    status: 503,
    title: 'Claude is limiting our rate',
    meaning: "Dossier's quota at Claude is used up for the moment. Try again after `Retry-After` seconds.",
    retryAfterSeconds: 30,
  },
  'claude-overloaded': {
    status: 503,
    title: 'Claude is overloaded',
    meaning:
      'Claude is overloaded, or has failed so often that it is left alone for a while. Try again after `Retry-After` seconds.',
    retryAfterSeconds: 15,
  },
  'claude-failed': {
    status: 502,
    title: 'Claude failed',
    meaning: 'Claude answered with an error of its own, or unreadably, at every attempt.',
  },
  'claude-unreachable': {
    status: 502,
    title: 'Claude cannot be reached',
    meaning: 'No connection to Claude could be made at any attempt.',
  },
  'claude-timeout': {
    status: 504,
    title: 'Claude took too long',
    meaning:
      'No answer came in time, or the answer fell silent. What was seen of it is on the run (`run_id`), with the least and most it can have cost.',
  },
  'claude-interrupted': {
    status: 502,
    title: "Claude's answer broke off",
    meaning:
      "Claude's stream ended before the answer was complete. What was seen of it is on the run (`run_id`), with the least and most it can have cost.",
  },
} as const satisfies Record<string, ProblemDefinition>;

/** Every error that Dossier can answer with. */
export type ProblemSlug = keyof typeof PROBLEMS;

/** The path under which a problem is explained; the `type` member of its answers. */
export function problemType(slug: ProblemSlug): string {
  return `/problems/${slug}`;
}

/** The table's line for a slug, with the optional members typed. */
export function problemDefinition(slug: ProblemSlug): ProblemDefinition {
  return PROBLEMS[slug];
}
