import { type NanoUsd, nanoUsd } from '../../../platform/money/money.js';
import type { Run, RunAttempt, RunId, RunQuestion } from '../run.types.js';

/** What is known of a run when it is accepted, beside its question. */
export interface AcceptanceFacts {
  readonly id: RunId;
  readonly createdAt: Date;
  readonly reserve: NanoUsd | null;
  /** It runs at once, rather than waiting in the queue. */
  readonly running: boolean;
  /** Its first call goes out right after the commit, rather than when a place is free. */
  readonly sent: boolean;
}

/** A run as it stands when it has just been accepted. */
export function acceptedRun(question: RunQuestion, { id, createdAt, reserve, running, sent }: AcceptanceFacts): Run {
  const attempt: RunAttempt = {
    number: 1,
    state: sent ? 'sent' : 'intent',
    startedAt: createdAt,
    durationMs: null,
    waitMs: 0,
    statusCode: null,
    errorType: null,
    claudeRequestId: null,
    reservedNanoUsd: reserve,
    minNanoUsd: nanoUsd(0),
    maxNanoUsd: reserve,
  };
  return {
    ...question,
    id,
    createdAt,
    status: running ? 'running' : 'queued',
    outputText: null,
    output: null,
    sources: [],
    stopReason: null,
    usage: null,
    costNanoUsd: null,
    billingState: 'none',
    billingMinNanoUsd: nanoUsd(0),
    billingMaxNanoUsd: nanoUsd(0),
    error: null,
    startedAt: running ? createdAt : null,
    finishedAt: null,
    attempts: [attempt],
  };
}
