import type Anthropic from '@anthropic-ai/sdk';
import { CallAborted, ClaudeApiError, NO_FACTS } from '../claude-failure.js';
import type { ClaudeAnswer } from '../claude.types.js';
import { AnswerAccumulator } from '../client/answer-accumulator.js';
import { UnsoundAnswer } from '../client/upstream-values.js';

/** What came of one request of a Message Batch: an answer, or why there is none. */
export interface BatchResult {
  readonly customId: string;
  readonly answer: ClaudeAnswer | null;
  readonly failure: ClaudeApiError | CallAborted | null;
}

/** The status codes under which the API knows its types of errors; a result names the type alone. */
const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};
const UNKNOWN_TYPE_STATUS = 500;

/** The domain error for an error of Claude's under a status code. */
export type FailureOf = (status: number, error: unknown) => Promise<ClaudeApiError>;

/**
 * What a line of results says. Null for a line that names no request of anybody's: nothing can be done with it. A result
 * that is none fails its request, which may be billed.
 */
export async function toBatchResult(line: string, failureOf: FailureOf): Promise<BatchResult | null> {
  const { custom_id: customId, result } = parsed(line);
  if (typeof customId !== 'string') return null;
  try {
    return { customId, ...(await outcomeOf(result, failureOf)) };
  } catch (cause) {
    if (!(cause instanceof UnsoundAnswer || cause instanceof TypeError)) throw cause;
    const facts = { ...NO_FACTS, statusCode: 200, errorType: 'unreadable_answer', mayBeBilled: true };
    const failure = new ClaudeApiError('claude-failed', 'Claude failed to answer', facts, { cause });
    return { customId, answer: null, failure };
  }
}

interface Line {
  readonly custom_id?: unknown;
  readonly result?: Partial<Record<'type' | 'message' | 'error', unknown>> | null;
}

function parsed(line: string): Line {
  try {
    return (JSON.parse(line) ?? {}) as Line;
  } catch {
    // No JSON: it cannot be told whose result this was to be. The request is found to be without one.
    return {};
  }
}

async function outcomeOf(result: Line['result'], failureOf: FailureOf): Promise<Omit<BatchResult, 'customId'>> {
  switch (result?.type) {
    case 'succeeded':
      return { answer: answerOf(result.message as Anthropic.Message), failure: null };
    case 'errored': {
      const type = (result.error as Partial<Anthropic.ErrorResponse> | undefined)?.error?.type ?? '';
      const status = Object.hasOwn(STATUS_OF_TYPE, type) ? STATUS_OF_TYPE[type] : undefined;
      return { answer: null, failure: await failureOf(status ?? UNKNOWN_TYPE_STATUS, result.error) };
    }
    case 'canceled':
      return { answer: null, failure: new CallAborted('cancelled', null, null, false) };
    case 'expired':
      return { answer: null, failure: EXPIRED };
    default:
      throw new UnsoundAnswer('A result of an unknown type');
  }
}

const EXPIRED = new ClaudeApiError('claude-timeout', 'Claude did not get to the request within a day', {
  ...NO_FACTS,
  errorType: 'expired',
});

/** A whole message, taken as if it had been streamed: so the same is asked of it. @throws UnsoundAnswer, TypeError */
function answerOf(message: Anthropic.Message): ClaudeAnswer {
  const accumulator = new AnswerAccumulator(() => undefined);
  accumulator.accept({ type: 'message_start', message });
  for (const [index, block] of message.content.entries()) {
    accumulator.accept({ type: 'content_block_start', index, content_block: block } as Anthropic.RawMessageStreamEvent);
    accumulator.accept({ type: 'content_block_stop', index });
  }
  const { stop_reason, stop_sequence, usage } = message;
  const end = { type: 'message_delta', delta: { stop_reason, stop_sequence }, usage };
  accumulator.accept(end as unknown as Anthropic.RawMessageStreamEvent);
  return accumulator.answer();
}
