import type { ProblemSlug } from '../../platform/errors/problems.js';
import { ResearchPlatformError } from '../../platform/errors/research-platform.error.js';
import type { ClaudeAnswer } from './claude.types.js';

/** The problem slugs that stand for a failure of Claude, or of the way to it. */
export type ClaudeSlug = Extract<ProblemSlug, `claude-${string}`>;

/** What is known of a failed attempt beside its slug. */
export interface FailureFacts {
  /** HTTP status code that Claude answered with; null when none came. */
  readonly statusCode: number | null;
  /** Claude's error type, or a code of the network. Never shown to a caller. */
  readonly errorType: string | null;
  readonly claudeRequestId: string | null;
  /** Whether another attempt may do better. */
  readonly retryable: boolean;
  /** What Claude asked to wait, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** Whether Claude may bill this attempt: it may where the request went out and no refusal came back. */
  readonly mayBeBilled: boolean;
  /** What was seen of the answer before it broke; null when none had begun. */
  readonly seen: ClaudeAnswer | null;
}

/** What a failure is unless something else is known. */
export const NO_FACTS: FailureFacts = {
  statusCode: null,
  errorType: null,
  claudeRequestId: null,
  retryable: false,
  retryAfterMs: null,
  mayBeBilled: false,
  seen: null,
};

/** One attempt at Claude that failed; `detail` is safe to show. */
export class ClaudeApiError extends ResearchPlatformError {
  constructor(
    override readonly slug: ClaudeSlug,
    detail: string,
    readonly facts: FailureFacts,
    options?: ErrorOptions,
  ) {
    super(slug, detail, retryAfterExtras(facts.retryAfterMs), options);
  }

  get statusCode(): number | null {
    return this.facts.statusCode;
  }
}

function retryAfterExtras(retryAfterMs: number | null) {
  return retryAfterMs === null ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) };
}

/** The stream ended without an error and without `message_stop`. */
export class EndOfStream extends Error {}

/** Why a call was given up from our side. `untraceable`: what became of it cannot be known. */
export type AbortCause = 'deadline' | 'cancelled' | 'shutdown' | 'fenced' | 'untraceable';

/** The `reason` of the signals that end calls. */
export class AbortReason extends Error {
  constructor(readonly abortCause: AbortCause) {
    super(`The call was given up: ${abortCause}`);
  }
}

/** A call that was given up after it was recorded as sent, with what had been seen of the answer. */
export class CallAborted extends Error {
  constructor(
    readonly abortCause: AbortCause,
    readonly seen: ClaudeAnswer | null,
    /** Status code of the response; null when its headers had not come. */
    readonly statusCode: number | null = null,
    /** False where Claude says that it bills nothing for it, and where it never went out. */
    readonly mayBeBilled = true,
  ) {
    super(`The call was given up: ${abortCause}`);
  }
}

/** Why a signal was aborted; a foreign reason counts as a shutdown. */
export function abortCauseOf(signal: AbortSignal): AbortCause {
  return signal.reason instanceof AbortReason ? signal.reason.abortCause : 'shutdown';
}

/** The deadline of the run has passed: nothing more is tried. */
export function deadlineExceeded(abort: CallAborted | null): ClaudeApiError {
  return new ClaudeApiError('claude-timeout', 'The run reached its deadline before the answer was complete', {
    ...NO_FACTS,
    statusCode: abort?.statusCode ?? null,
    errorType: 'deadline',
    claudeRequestId: abort?.seen?.requestId ?? null,
    mayBeBilled: abort?.mayBeBilled ?? false,
    seen: abort?.seen?.usage ? abort.seen : null,
  });
}
