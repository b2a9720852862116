import { APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import { ClaudeApiError, type ClaudeSlug, EndOfStream, type FailureFacts, NO_FACTS } from '../claude-failure.js';
import type { ContentBlock } from '../claude.types.js';
import type { AnswerAccumulator } from './answer-accumulator.js';
import { NotConnected } from './claude-fetch.js';
import { retryAfterMs } from './retry-after.js';
import { soundText } from './upstream-values.js';

/** What becomes of a status code: our slug, whether another attempt may do better, and what a caller is told. */
interface Mapping {
  readonly slug: ClaudeSlug;
  readonly retryable: boolean;
  readonly detail: string;
}

/** Characters that are kept of what upstream says of an error. */
const MAX_MESSAGE = 2000;
const MAX_TYPE = 100;

const DETAILS = {
  'claude-rejected-request': 'Claude rejected the request',
  'claude-request-too-large': 'The request is larger than Claude takes; shorten the prompt',
  'claude-misconfigured':
    "Claude does not accept this server's credentials or limits; its operator has been told by the log",
  'claude-rate-limited': 'Claude limits the rate of this server at the moment',
  'claude-overloaded': 'Claude is overloaded at the moment',
  'claude-failed': 'Claude failed to answer',
  'claude-unreachable': 'No connection to Claude could be made',
  'claude-timeout': 'Claude did not answer in time',
  'claude-interrupted': "Claude's answer broke off before its end",
} as const satisfies Record<ClaudeSlug, string>;

const TIMED_OUT = new Set(['UND_ERR_BODY_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT']);

/**
 * The domain error for whatever the SDK, undici or the stream threw, given what had been seen of the answer.
 * @param apiKey our key for Claude: what Claude says of a request is passed on, but not if it repeats the key
 */
export function toClaudeApiError(thrown: unknown, seen: AnswerAccumulator, apiKey = ''): ClaudeApiError {
  if (thrown instanceof ClaudeApiError) return thrown;
  if (thrown instanceof APIError && thrown.status !== undefined) return fromStatus(thrown, thrown.status, apiKey);
  const code = networkCode(thrown);
  if (thrown instanceof APIConnectionTimeoutError || (code !== null && TIMED_OUT.has(code))) {
    return broken('claude-timeout', 'timeout', seen, thrown);
  }
  if (seen.begun) return broken('claude-interrupted', streamErrorType(thrown) ?? code ?? 'stream_broken', seen, thrown);
  if (thrown instanceof EndOfStream) return unanswered('claude-failed', 'empty_answer', seen, thrown);
  if (isNoHttp(thrown)) return unanswered('claude-failed', 'unreadable_answer', seen, thrown);
  if (thrown instanceof APIConnectionError || code !== null) {
    const sent = !(thrown instanceof APIConnectionError && thrown.cause instanceof NotConnected);
    return unanswered('claude-unreachable', code ?? 'connection', seen, thrown, sent);
  }
  const type = streamErrorType(thrown);
  if (type !== null) return unanswered('claude-interrupted', type, seen, thrown);
  return unanswered('claude-failed', 'unreadable_answer', seen, thrown);
}

/** The SDK's error for a body of Claude's that came without the status code it has elsewhere: in the results of a batch. */
export function apiError(status: number, body: unknown): APIError {
  const requestId = soundText((body as { request_id?: unknown } | null)?.request_id, MAX_TYPE);
  const headers = new Headers(requestId === null ? {} : { 'request-id': requestId });
  return APIError.generate(status, typeof body === 'object' && body !== null ? body : {}, undefined, headers);
}

function fromStatus(error: APIError, status: number, apiKey: string): ClaudeApiError {
  const { slug, retryable, detail } = mappingOf(error, status);
  return new ClaudeApiError(
    slug,
    apiKey === '' ? detail : detail.replaceAll(apiKey, '…'),
    {
      ...NO_FACTS,
      statusCode: status,
      errorType: soundText(error.type, MAX_TYPE) ?? `http_${status}`,
      claudeRequestId: soundText(error.requestID, MAX_TYPE),
      retryable,
      retryAfterMs: retryable ? retryAfterMs(error.headers) : null,
    },
    { cause: error },
  );
}

function mappingOf(error: APIError, status: number): Mapping {
  const to = (slug: ClaudeSlug, retryable: boolean, detail: string = DETAILS[slug]): Mapping => ({
    slug,
    retryable,
    detail,
  });
  if (status === 413) return to('claude-request-too-large', false);
  if (status === 401 || status === 402 || status === 403 || isSpendCap(error, status))
    return to('claude-misconfigured', false);
  if (status === 429) return to('claude-rate-limited', true);
  if (status === 529 || status === 503) return to('claude-overloaded', true);
  if (status >= 500 || status === 408 || status === 409 || status < 400) return to('claude-failed', true);
  return to(
    'claude-rejected-request',
    false,
    soundText(error.apiMessage, MAX_MESSAGE) ?? DETAILS['claude-rejected-request'],
  );
}

function isSpendCap(error: APIError, status: number): boolean {
  if (status !== 429) return false;
  const told = [error.errorCode, error.type, error.apiMessage].map((text) => soundText(text, MAX_MESSAGE));
  return told.some((text) => text?.includes('enforced_spend_limit_reached'));
}

function broken(slug: ClaudeSlug, errorType: string, seen: AnswerAccumulator, cause: unknown): ClaudeApiError {
  const answer = seen.answer();
  const facts: FailureFacts = {
    ...NO_FACTS,
    statusCode: seen.statusCode,
    errorType,
    claudeRequestId: answer.requestId,
    // Text that was delivered is never asked for again: the caller would see it twice and pay twice. Nor is what Claude was silent
    // after, thinking included: it goes on costing while nobody hears of it.
    retryable: slug === 'claude-timeout' ? answer.content.every(isBlank) : answer.text === '',
    mayBeBilled: true,
    seen: seen.begun ? answer : null,
  };
  return new ClaudeApiError(slug, DETAILS[slug], facts, { cause });
}

/** Whether a block was opened, and nothing has come of it. */
function isBlank({ type, ...content }: ContentBlock): boolean {
  return (type === 'text' || type === 'thinking') && content[type] === '';
}

function unanswered(
  slug: ClaudeSlug,
  errorType: string,
  { statusCode, requestId }: AnswerAccumulator,
  cause: unknown,
  mayBeBilled = true,
): ClaudeApiError {
  const facts = { ...NO_FACTS, statusCode, claudeRequestId: requestId, errorType, retryable: true, mayBeBilled };
  return new ClaudeApiError(slug, DETAILS[slug], facts, { cause });
}

/** An `error` event inside a stream is an APIError without a status. */
function streamErrorType(thrown: unknown): string | null {
  return thrown instanceof APIError && !(thrown instanceof APIConnectionError)
    ? (soundText(thrown.type, MAX_TYPE) ?? 'stream_error')
    : null;
}

/** An error and its causes: undici and Node hide the reason two levels deep. */
function* chainOf(thrown: unknown): Generator<Error> {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 6; error = error.cause, depth += 1) yield error;
}

/** The first code in the chain of causes. */
function networkCode(thrown: unknown): string | null {
  for (const error of chainOf(thrown)) if ('code' in error && typeof error.code === 'string') return error.code;
  return null;
}

/** Whether what came was not even HTTP; undici gives that error a name and no code. */
function isNoHttp(thrown: unknown): boolean {
  return [...chainOf(thrown)].some(({ name }) => name === 'HTTPParserError');
}
