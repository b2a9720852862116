import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Config } from '../../../platform/config/config.js';
import { ClaudeApiError, NO_FACTS } from '../../claude/claude-failure.js';
import { ClaudeBatches, type MessageBatchView } from '../../claude/message-batches/claude-batches.js';
import type { AttemptEnd } from '../../runs/execution/run-group-ending.js';
import { MessageBatchRuns, runIdOf, UNTRACEABLE } from './message-batch-runs.js';
import { MessageBatchStepsRepository } from './message-batch-steps.repository.js';
import type { HeldMessageBatch } from './message-batch.types.js';
import { nextLook } from './poll-interval.js';

/** By how much Claude's clock may be behind ours. */
const CLOCK_SKEW_MS = 5 * 60_000;
/** A request that is still on its way after this time was given up on our side. */
const MIN_GRACE_MS = 5000;
/** By then Claude has ended every batch, so that each that was ours has shown itself. */
const MAX_TRACED_MS = 26 * 3_600_000;

const NOT_TAKEN: AttemptEnd = {
  answer: null,
  failure: new ClaudeApiError('claude-failed', 'Claude failed to answer', { ...NO_FACTS, errorType: 'not_taken' }),
};

/**
 * Finds out what became of a Message Batch whose sending was not seen to its end: the process was killed, or Claude's answer
 * was lost. Claude's list tells no more of a batch than its time and its size; the names of its requests, which begin with our
 * nonce, are told with the results. So a batch that may be ours is waited for. Nothing is sent twice on a guess.
 */
@Injectable()
export class MessageBatchTracing {
  constructor(
    private readonly config: Config,
    private readonly claude: ClaudeBatches,
    private readonly steps: MessageBatchStepsRepository,
    private readonly runs: MessageBatchRuns,
    private readonly logger: PinoLogger,
  ) {}

  /** Finds the batch at Claude, or that there is none; where that cannot be known, its runs end as interrupted. */
  async trace(held: HeldMessageBatch, signal: AbortSignal): Promise<void> {
    const sentAt = held.sentAt ?? new Date();
    try {
      const candidates = await this.candidates(held, sentAt, signal);
      const ours = await this.recognise(held, candidates, signal);
      if (ours) return await this.found(held, ours);
      if (candidates.some(({ ended }) => !ended)) return await this.later(held, sentAt);
    } catch (error) {
      if (!(error instanceof ClaudeApiError)) throw error;
      if (error.facts.retryable || error.slug === 'claude-misconfigured') return this.later(held, sentAt);
      // There is no list to look at: a way to Claude that offers messages alone.
      return this.giveUp(held, error);
    }
    const graceEnds = sentAt.getTime() + this.graceMs();
    if (Date.now() < graceEnds) return this.steps.postpone(held, new Date(graceEnds));
    await this.notTaken(held);
  }

  private graceMs(): number {
    const { mode, timeoutMs } = this.config.claude;
    // What is simulated ends with the process.
    return mode === 'simulated' ? 0 : Math.max(MIN_GRACE_MS, timeoutMs);
  }

  /** Batches that may be ours: as large, not older, and not known for another of ours. */
  private async candidates(held: HeldMessageBatch, sentAt: Date, signal: AbortSignal): Promise<MessageBatchView[]> {
    const since = new Date(sentAt.getTime() - CLOCK_SKEW_MS);
    const asLarge = (await this.claude.createdSince(since, signal)).filter(
      ({ requests }) => requests === held.requests,
    );
    const known = await this.steps.findKnown(asLarge.map(({ id }) => id));
    return asLarge.filter(({ id }) => !known.has(id));
  }

  private async recognise(
    held: HeldMessageBatch,
    candidates: readonly MessageBatchView[],
    signal: AbortSignal,
  ): Promise<string | null> {
    for (const { id } of candidates.filter(({ ended }) => ended)) {
      if (await this.isOurs(held, id, signal)) return id;
    }
    return null;
  }

  private async isOurs(held: HeldMessageBatch, id: string, signal: AbortSignal): Promise<boolean> {
    try {
      for await (const { customId } of this.claude.results(id, signal)) return runIdOf(held, customId) !== null;
    } catch (error) {
      // Somebody deletes batches as soon as they have ended: we do not, so it was not ours.
      if (!(error instanceof ClaudeApiError) || error.statusCode !== 404) throw error;
    }
    return false;
  }

  private async found(held: HeldMessageBatch, claudeId: string): Promise<void> {
    this.logger.info({ event: 'message_batch_traced', message_batch_id: held.id, claude_id: claudeId });
    await this.steps.markSent(held, claudeId, new Date());
  }

  private async notTaken(held: HeldMessageBatch): Promise<void> {
    if (held.refusals + 1 >= this.config.claude.maxAttempts) return this.runs.endRest(held, NOT_TAKEN);
    this.logger.info(
      { event: 'message_batch_not_taken', message_batch_id: held.id },
      'Claude has not taken a Message Batch whose sending was interrupted; it is sent again',
    );
    await this.steps.takeBack(held, new Date());
  }

  private async later(held: HeldMessageBatch, sentAt: Date): Promise<void> {
    if (Date.now() - sentAt.getTime() > MAX_TRACED_MS) return this.giveUp(held, null);
    await this.steps.postpone(held, nextLook(sentAt));
  }

  private async giveUp(held: HeldMessageBatch, error: Error | null): Promise<void> {
    this.logger.error(
      { event: 'message_batch_untraceable', message_batch_id: held.id, err: error },
      'It cannot be known whether Claude has taken a Message Batch; its runs are interrupted',
    );
    await this.runs.endRest(held, UNTRACEABLE);
  }
}
