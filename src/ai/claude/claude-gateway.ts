import { Injectable } from '@nestjs/common';
import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import { setTimeout as sleep } from 'node:timers/promises';
import { Config } from '../../platform/config/config.js';
import { CallSlots, type Release } from './call-slots.js';
import type { ClaudeAnswer, ClaudeRequest } from './claude.types.js';
import { ClaudeClient } from './claude-client.js';
import { abortCauseOf, AbortReason, CallAborted, ClaudeApiError, deadlineExceeded } from './claude-failure.js';
import { ClaudeMetrics } from './claude.metrics.js';
import { waitBeforeRetry } from './retry-policy.js';

/** Who keeps the record of a run's attempts. Each method's promise is awaited: the record is written before the act. */
export interface AttemptRecorder {
  /** Attempt `number` is about to be sent, after having waited. */
  sending(number: number, waitMs: number): Promise<void>;
  /** A piece of answer text has come. */
  text(text: string): void;
  /** Attempt `number` failed and there will be another after `nextWaitMs`. */
  failed(number: number, failure: ClaudeApiError, durationMs: number, nextWaitMs: number): Promise<void>;
}

/** How a run's last attempt ended. */
export interface FinalAttempt {
  readonly number: number;
  readonly durationMs: number;
  readonly answer: ClaudeAnswer | null;
  readonly failure: ClaudeApiError | CallAborted | null;
}

/** State of one run's way through its attempts. */
interface Passage {
  readonly request: ClaudeRequest;
  readonly recorder: AttemptRecorder;
  readonly signal: AbortSignal;
  readonly deadlineAt: number;
  number: number;
  waitMs: number;
  /** Set when the last attempt is to be followed by another. */
  nextWaitMs: number | null;
  attemptStartedAt: number;
  slot: Release | null;
}

/** The only way from Dossier to an answer: attempts, waits between them, the deadline, and places for calls in flight. */
@Injectable()
export class ClaudeGateway {
  readonly slots: CallSlots;

  constructor(
    private readonly config: Config,
    private readonly client: ClaudeClient,
    private readonly metrics: ClaudeMetrics,
  ) {
    this.slots = new CallSlots(config.claude.maxConcurrency);
  }

  /**
   * Makes attempts until one succeeds, fails for good, or `signal` or the deadline ends it.
   * @param slot a place already taken for the first attempt; the gateway gives it back.
   * @returns how the last attempt ended; it throws only what `recorder` throws.
   */
  async answer(
    request: ClaudeRequest,
    recorder: AttemptRecorder,
    signal: AbortSignal,
    slot: Release | null,
  ): Promise<FinalAttempt> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new AbortReason('deadline')), this.config.claude.deadlineMs);
    const passage: Passage = {
      request,
      recorder,
      signal: AbortSignal.any([signal, deadline.signal]),
      deadlineAt: Date.now() + this.config.claude.deadlineMs,
      number: 0,
      waitMs: 0,
      nextWaitMs: null,
      attemptStartedAt: Date.now(),
      slot,
    };
    try {
      const answer = await this.attempts(passage);
      return this.final(passage, answer, null);
    } catch (error) {
      if (error instanceof ClaudeApiError) return this.final(passage, null, error);
      if (error instanceof CallAborted) {
        return this.final(passage, null, error.abortCause === 'deadline' ? deadlineExceeded(error) : error);
      }
      if (!(error instanceof AbortReason)) throw error;
      const unsent = error.abortCause === 'deadline' ? deadlineExceeded(null) : new CallAborted(error.abortCause, null);
      return this.final(passage, null, unsent);
    } finally {
      clearTimeout(timer);
      passage.slot?.();
    }
  }

  private final(passage: Passage, answer: ClaudeAnswer | null, failure: FinalAttempt['failure']): FinalAttempt {
    const durationMs = Date.now() - passage.attemptStartedAt;
    return { number: passage.number, durationMs, answer, failure };
  }

  /** cockatiel decides on trying again; the wait is ours, since its own does not end when the signal aborts. */
  private attempts(passage: Passage): Promise<ClaudeAnswer> {
    const policy = retry(
      handleWhen(() => passage.nextWaitMs !== null),
      { maxAttempts: this.config.claude.maxAttempts, backoff: new ConstantBackoff(0) },
    );
    return policy.execute(async () => {
      if (passage.nextWaitMs !== null) await this.pause(passage, passage.nextWaitMs);
      passage.nextWaitMs = null;
      return this.attempt(passage);
    });
  }

  private async pause(passage: Passage, waitMs: number): Promise<void> {
    passage.waitMs = waitMs;
    await sleep(waitMs, undefined, { signal: passage.signal }).catch(() => {
      throw new AbortReason(abortCauseOf(passage.signal));
    });
  }

  private async attempt(passage: Passage): Promise<ClaudeAnswer> {
    const { request, recorder, signal } = passage;
    const release = passage.slot ?? (await this.slots.acquire(signal));
    passage.slot = release;
    try {
      passage.number += 1;
      await recorder.sending(passage.number, passage.waitMs);
      passage.attemptStartedAt = Date.now();
      return await this.observed(request, (text) => recorder.text(text), signal);
    } catch (error) {
      if (error instanceof ClaudeApiError) await this.recordFailure(error, passage);
      throw error;
    } finally {
      release();
      passage.slot = null;
    }
  }

  private async recordFailure(failure: ClaudeApiError, passage: Passage): Promise<void> {
    const remainingMs = passage.deadlineAt - Date.now();
    const nextWaitMs = waitBeforeRetry(failure, passage.number, remainingMs, this.config.claude);
    if (nextWaitMs === null) return;
    await passage.recorder.failed(passage.number, failure, Date.now() - passage.attemptStartedAt, nextWaitMs);
    passage.nextWaitMs = nextWaitMs;
  }

  private async observed(
    request: ClaudeRequest,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<ClaudeAnswer> {
    const observation = this.metrics.begin(request.model);
    try {
      const answer = await this.client.stream(
        request,
        (text) => {
          observation.text();
          onText(text);
        },
        signal,
      );
      observation.end('succeeded');
      return answer;
    } catch (error) {
      observation.end(error instanceof ClaudeApiError ? error.slug : 'aborted');
      throw error;
    }
  }
}
