import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { CallSlots, type Release } from './call-slots.js';
import { CircuitBreakers } from './circuit-breakers.js';
import { ClaudeMetrics } from './claude.metrics.js';
import type { ClaudeRequest } from './claude.types.js';
import { ClaudeClient } from './claude-client.js';
import { AbortReason } from './claude-failure.js';
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
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new AbortReason('deadline')), claude.deadlineMs);
    const ends = AbortSignal.any([signal, deadline.signal]);
    const passage = new Passage(this.way, claude, recorder, ends, Date.now() + claude.deadlineMs, slot);
    try {
      return await passage.travel(request);
    } finally {
      clearTimeout(timer);
      passage.leave();
    }
  }
}
