import { Injectable } from '@nestjs/common';
import { Config } from '../../../platform/config/config.js';
import { AbortReason } from '../claude-failure.js';
import { ClaudeMetrics } from '../claude.metrics.js';
import type { ClaudeRequest } from '../claude.types.js';
import { ClaudeClient } from '../client/claude-client.js';
import { CallSlots, type Release } from './call-slots.js';
import { CircuitBreakers } from './circuit-breakers.js';
import { type AttemptRecorder, type FinalAttempt, Passage, type Passageway } from './passage.js';
import { RetryBudget } from './retry-budget.js';

/** The only way from Dossier to an answer: places for calls in flight, circuit breakers, the budget of retries, deadlines. */
@Injectable()
export class ClaudeGateway {
  readonly slots: CallSlots;
  private readonly way: Passageway;

  constructor(
    private readonly config: Config,
    private readonly client: ClaudeClient,
    metrics: ClaudeMetrics,
  ) {
    this.slots = new CallSlots(config.claude.maxConcurrency);
    const breakers = new CircuitBreakers();
    this.way = { client, metrics, slots: this.slots, breakers, retryBudget: new RetryBudget() };
  }

  /** Resolves once a call can go out at once; also when none ever will, which the call itself tells. */
  ready(): Promise<void> {
    return this.client.ready();
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
    const { claude } = this.config;
    // By hand: `AbortSignal.any` costs several times as much for each run.
    const ends = new AbortController();
    const abort = (): void => ends.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const timer = setTimeout(() => ends.abort(new AbortReason('deadline')), claude.deadlineMs);
    const passage = new Passage(this.way, claude, recorder, ends.signal, Date.now() + claude.deadlineMs, slot);
    try {
      return await passage.travel(request);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      passage.leave();
    }
  }
}
