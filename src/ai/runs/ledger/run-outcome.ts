import { ResearchPlatformError } from '../../../platform/errors/research-platform.error.js';
import type { NanoUsd } from '../../../platform/money/money.js';
import { CallAborted, ClaudeApiError } from '../../claude/claude-failure.js';
import type { ClaudeAnswer } from '../../claude/claude.types.js';
import { joinAnswers } from '../../claude/gateway/join-answers.js';
import type { FinalAttempt } from '../../claude/gateway/passage.js';
import type { FinalStatus, Run, RunAttempt, RunError } from '../run.types.js';
import { outputMismatch } from './output-check.js';
import {
  type AttemptBilling,
  billingOf,
  brokenBilling,
  costOfUsage,
  NOT_BILLED,
  type Priced,
  settledBilling,
} from './run-money.js';

/** How a run ended: for the ledger, the readers and the log. */
export interface Ending {
  readonly run: Run;
  /** The price row that the answer was priced by. */
  readonly price: unknown;
}

/**
 * The finished run from how its last attempt ended.
 * @param final the gateway's word on the last attempt, or what kept it from being made (a refused budget, a defect)
 */
export function finishedRun(run: Run, final: FinalAttempt | Error, at: Date): Ending {
  if (final instanceof Error) return endWithoutAttempt(run, final, at);
  const open = run.attempts.find(({ number }) => number === final.number);
  const seen = seenOf(final);
  const cost = final.answer ? costOfUsage(run, final.usage, open?.startedAt ?? at) : null;
  const attempts = run.attempts.map((attempt) => closedAttempt(run, attempt, final, cost?.nano ?? null));
  return {
    run: {
      ...run,
      ...verdictOf(run, final, seen),
      ...resultOf(seen),
      attempts,
      ...billingOf(attempts),
      finishedAt: at,
    },
    price: cost?.price ?? null,
  };
}

function endWithoutAttempt(run: Run, error: Error, at: Date): Ending {
  const known = error instanceof ResearchPlatformError ? error : null;
  // A full queue is told before the call. Every other error finds the call made when the attempt counts as sent.
  const called = known?.slug !== 'overloaded';
  const attempts = run.attempts.map((attempt) => {
    if (!isOpen(attempt)) return attempt;
    const billing = brokenBilling(run, attempt, called && attempt.state === 'sent', null);
    return { ...attempt, ...billing };
  });
  return {
    run: {
      ...run,
      status: 'failed',
      error: known ? { slug: known.slug, detail: known.detail, ...membersOf(known) } : DEFECT,
      attempts,
      ...billingOf(attempts),
      finishedAt: at,
    },
    price: null,
  };
}

/** What the column holds, some 24 days: a run may be found again long after its worker was lost. */
const MAX_DURATION_MS = 2 ** 31 - 1;

const DEFECT: RunError = { slug: 'internal-error', detail: 'An unexpected error ended the run' };

function membersOf({ extras: { members } }: ResearchPlatformError): Pick<RunError, 'members'> {
  return members === undefined ? {} : { members };
}

function isOpen(attempt: RunAttempt): boolean {
  return attempt.state === 'intent' || attempt.state === 'sent';
}

function seenOf({ answer, failure, earlier }: FinalAttempt): ClaudeAnswer | null {
  if (answer) return answer;
  const seen = failure instanceof ClaudeApiError ? failure.facts.seen : (failure?.seen ?? null);
  return seen ? joinAnswers(earlier, seen) : earlier;
}

/** An attempt with its end. What is still open when a run ends while it waits, for a place or a retry, was never sent. */
function closedAttempt(run: Priced, attempt: RunAttempt, final: FinalAttempt, cost: NanoUsd | null): RunAttempt {
  if (!isOpen(attempt)) return attempt;
  if (attempt.state === 'intent' || attempt.number !== final.number) return { ...attempt, ...NOT_BILLED };
  return {
    ...attempt,
    durationMs: Math.min(MAX_DURATION_MS, final.durationMs),
    ...attemptFacts(attempt, final),
    ...attemptBilling(run, attempt, final, cost),
  };
}

function attemptFacts(
  attempt: RunAttempt,
  { answer, failure }: FinalAttempt,
): Pick<RunAttempt, 'statusCode' | 'errorType' | 'claudeRequestId'> {
  if (answer) return { statusCode: 200, errorType: null, claudeRequestId: answer.requestId };
  if (failure instanceof ClaudeApiError) {
    const { statusCode, errorType, claudeRequestId } = failure.facts;
    return { statusCode, errorType, claudeRequestId };
  }
  return {
    statusCode: failure?.statusCode ?? attempt.statusCode,
    errorType: failure?.abortCause ?? null,
    claudeRequestId: failure?.seen?.requestId ?? attempt.claudeRequestId,
  };
}

function attemptBilling(
  run: Priced,
  attempt: RunAttempt,
  { answer, failure }: FinalAttempt,
  cost: NanoUsd | null,
): AttemptBilling {
  if (answer) return settledBilling(cost);
  if (failure instanceof ClaudeApiError) {
    return brokenBilling(run, attempt, failure.facts.mayBeBilled, failure.facts.seen);
  }
  return brokenBilling(run, attempt, failure?.mayBeBilled ?? true, failure?.seen ?? null);
}

function resultOf(seen: ClaudeAnswer | null): Pick<Run, 'outputText' | 'output' | 'sources' | 'stopReason' | 'usage'> {
  if (!seen) return { outputText: null, output: null, sources: [], stopReason: null, usage: null };
  return {
    outputText: seen.text,
    output: seen.content,
    sources: seen.sources,
    stopReason: seen.stopReason,
    usage: seen.usage,
  };
}

interface Verdict {
  readonly status: FinalStatus;
  readonly error: RunError | null;
}

/** Status and error. Interrupted: an answer may have been under way and its end was not seen. */
function verdictOf(run: Run, { answer, failure }: FinalAttempt, seen: ClaudeAnswer | null): Verdict {
  if (answer) {
    const mismatch = outputMismatch(run.settings.output_schema, answer);
    if (mismatch === null) return { status: 'succeeded', error: null };
    return { status: 'failed', error: { slug: 'output-invalid', detail: mismatch } };
  }
  if (failure instanceof ClaudeApiError) {
    const { slug, detail, extras } = failure;
    const retryAfter = extras.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: extras.retryAfterSeconds };
    return { status: seen?.usage ? 'interrupted' : 'failed', error: { slug, detail, ...retryAfter } };
  }
  if (failure?.abortCause === 'cancelled') {
    return { status: 'cancelled', error: { slug: 'run-cancelled', detail: 'The run was cancelled' } };
  }
  return { status: 'interrupted', error: { slug: 'run-interrupted', detail: interruption(failure) } };
}

function interruption(failure: CallAborted | null): string {
  if (failure?.abortCause === 'untraceable') return 'It cannot be known what became of the request at Claude';
  const cause = failure?.abortCause === 'shutdown' ? 'The server was shut down' : 'The worker was lost';
  return `${cause} before the end of the answer was seen`;
}
