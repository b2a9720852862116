import { setTimeout as sleep } from 'node:timers/promises';
import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import { abortCauseOf, AbortReason, CallAborted, ClaudeApiError, deadlineExceeded } from '../claude-failure.js';
import type { ClaudeMetrics } from '../claude.metrics.js';
import type { AnswerStart, ClaudeAnswer, ClaudeRequest, ClaudeUsage } from '../claude.types.js';
import type { ClaudeClient } from '../client/claude-client.js';
import type { CallSlots, Release } from './call-slots.js';
import type { CircuitBreakers } from './circuit-breakers.js';
import { joinAnswers } from './join-answers.js';
import type { RetryBudget } from './retry-budget.js';
import { type RetryLimits, waitBeforeRetry } from './retry-policy.js';

/** How often an answer that Claude pauses is continued. */
const MAX_CONTINUATIONS = 8;

/** Who keeps the record of a run's attempts. Each method's promise is awaited: the record is written before the act. */
export interface AttemptRecorder {
  /** Attempt `number` is about to be sent, after having waited. */
  sending(number: number, waitMs: number): Promise<void>;
  /** A piece of the answer to attempt `number` has come. */
  text(number: number, text: string, start: AnswerStart): void;
  /** Attempt `number` failed and there will be another after `nextWaitMs`. */
  failed(number: number, failure: ClaudeApiError, durationMs: number, nextWaitMs: number): Promise<void>;
  /** Attempt `number` was paused by Claude (`pause_turn`) and another will continue it. */
  paused(number: number, turn: ClaudeAnswer, durationMs: number): Promise<void>;
}

/** How a run's last attempt ended. */
export interface FinalAttempt {
  readonly number: number;
  readonly durationMs: number;
  /** The whole answer, earlier turns included; null without success. */
  readonly answer: ClaudeAnswer | null;
  /** What this one attempt used. */
  readonly usage: ClaudeUsage | null;
  readonly failure: ClaudeApiError | CallAborted | null;
  /** What was seen in turns before the one that failed. */
  readonly earlier: ClaudeAnswer | null;
}

/** What bounds the attempts of one run. */
export interface PassageLimits extends RetryLimits {
  /** Milliseconds that Claude may take to the first byte of an answer. */
  readonly timeoutMs: number;
}

/** What all runs of the process share. */
export interface Passageway {
  readonly client: ClaudeClient;
  readonly slots: CallSlots;
  readonly breakers: CircuitBreakers;
  readonly retryBudget: RetryBudget;
  readonly metrics: ClaudeMetrics;
}

/** One run's way to its answer: turns that Claude pauses, attempts within a turn, waits between attempts. */
export class Passage {
  private number = 0;
  private waitMs = 0;
  /** Set when the last attempt is to be followed by another. */
  private nextWaitMs: number | null = null;
  private startedAt = Date.now();
  private earlier: ClaudeAnswer | null = null;

  constructor(
    private readonly way: Passageway,
    private readonly limits: PassageLimits,
    private readonly recorder: AttemptRecorder,
    private readonly signal: AbortSignal,
    private readonly deadlineAt: number,
    private slot: Release | null,
  ) {}

  /** Gives back a place that was taken and not used. */
  leave(): void {
    this.slot?.();
  }

  /** Makes attempts until the answer is whole or fails for good. Throws only what the recorder throws. */
  async travel(request: ClaudeRequest): Promise<FinalAttempt> {
    try {
      const last = await this.turns(request);
      return this.end({ answer: joinAnswers(this.earlier, last), usage: last.usage, failure: null });
    } catch (error) {
      if (error instanceof ClaudeApiError) return this.end({ answer: null, usage: null, failure: error });
      const abort = error instanceof AbortReason ? new CallAborted(error.abortCause, null) : error;
      if (!(abort instanceof CallAborted)) throw error;
      const late = abort.abortCause === 'deadline';
      const failure = late ? deadlineExceeded(abort === error ? abort : null) : abort;
      return this.end({ answer: null, usage: null, failure });
    }
  }

  private end(end: Pick<FinalAttempt, 'answer' | 'usage' | 'failure'>): FinalAttempt {
    return { number: this.number, durationMs: Date.now() - this.startedAt, earlier: this.earlier, ...end };
  }

  private async turns(request: ClaudeRequest): Promise<ClaudeAnswer> {
    for (let continuations = 0; ; continuations += 1) {
      const turn = await this.attempts({
        ...request,
        ...(this.earlier ? { assistantSoFar: this.earlier.content } : {}),
      });
      if (turn.stopReason !== 'pause_turn' || continuations >= MAX_CONTINUATIONS) return turn;
      await this.recorder.paused(this.number, turn, Date.now() - this.startedAt);
      this.earlier = joinAnswers(this.earlier, turn);
    }
  }

  /** cockatiel decides on trying again; the wait is ours, since its own does not end when the signal aborts. */
  private attempts(request: ClaudeRequest): Promise<ClaudeAnswer> {
    const policy = retry(
      handleWhen(() => this.nextWaitMs !== null),
      { maxAttempts: this.limits.maxAttempts, backoff: new ConstantBackoff(0) },
    );
    let failures = 0;
    return policy.execute(async () => {
      this.waitMs = this.nextWaitMs ?? 0;
      if (this.nextWaitMs !== null) await this.pause(this.nextWaitMs);
      this.nextWaitMs = null;
      return this.attempt(request, (failures += 1));
    });
  }

  private async pause(waitMs: number): Promise<void> {
    await sleep(waitMs, undefined, { signal: this.signal }).catch(() => {
      throw new AbortReason(abortCauseOf(this.signal));
    });
  }

  private async attempt(request: ClaudeRequest, tries: number): Promise<ClaudeAnswer> {
    this.slot ??= await this.way.slots.acquire(this.signal);
    try {
      this.number += 1;
      await this.recorder.sending(this.number, this.waitMs);
      this.startedAt = Date.now();
      // Given up while it was being recorded: it does not go out.
      if (this.signal.aborted) throw new CallAborted(abortCauseOf(this.signal), null, null, false);
      const hasTime = this.deadlineAt - this.startedAt >= this.limits.timeoutMs;
      return await this.way.breakers.execute(request.model, () => this.call(request), hasTime);
    } catch (error) {
      if (error instanceof ClaudeApiError) await this.decide(error, tries);
      throw error;
    } finally {
      this.slot();
      this.slot = null;
    }
  }

  private call(request: ClaudeRequest): Promise<ClaudeAnswer> {
    this.way.retryBudget.called();
    return this.way.metrics.observe(request.model, (onText) => {
      const tell = (text: string, start: AnswerStart): void => {
        onText();
        this.recorder.text(this.number, text, start);
      };
      return this.way.client.stream(request, tell, this.signal);
    });
  }

  /** Whether and when there will be another attempt; the one that failed is recorded before the wait begins. */
  private async decide(failure: ClaudeApiError, tries: number): Promise<void> {
    const waitMs = waitBeforeRetry(failure, tries, this.deadlineAt - Date.now(), this.limits);
    if (waitMs === null || !this.way.retryBudget.take()) return;
    await this.recorder.failed(this.number, failure, Date.now() - this.startedAt, waitMs);
    this.nextWaitMs = waitMs;
  }
}
