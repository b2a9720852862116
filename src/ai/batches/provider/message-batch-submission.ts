import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Config } from '../../../platform/config/config.js';
import { ClaudeApiError } from '../../claude/claude-failure.js';
import { waitBeforeRetry } from '../../claude/gateway/retry-policy.js';
import { ClaudeBatches } from '../../claude/message-batches/claude-batches.js';
import { MessageBatchRuns } from './message-batch-runs.js';
import { MessageBatchStepsRepository } from './message-batch-steps.repository.js';
import type { HeldMessageBatch } from './message-batch.types.js';
import { nextLook } from './poll-interval.js';

/** Status codes beyond 4xx by which Claude says that it takes nothing at the moment. */
const OVERLOADED = new Set([503, 529]);
/** Those within 4xx that what stands before Claude may answer while Claude works. */
const TIMED_OUT = new Set([408, 409]);

/** Hands Message Batches to Claude, each once. */
@Injectable()
export class MessageBatchSubmission {
  constructor(
    private readonly config: Config,
    private readonly claude: ClaudeBatches,
    private readonly steps: MessageBatchStepsRepository,
    private readonly runs: MessageBatchRuns,
    private readonly logger: PinoLogger,
  ) {}

  /**
   * Sends what is planned. That it may be at Claude is committed before, and under which id it is afterwards: where that is
   * not known in between, it is left to be traced.
   */
  async submit(held: HeldMessageBatch, signal: AbortSignal): Promise<void> {
    await this.runs.cancelQueued(held);
    const sentAt = new Date();
    const ids = await this.steps.beginSending(held, sentAt);
    if (ids === null) return;
    const sending: HeldMessageBatch = { ...held, state: 'sending', sentAt, requests: ids.length };
    if (ids.length === 0) return this.runs.endRest(sending, { answer: null, failure: null });
    const requests = await this.runs.requestsOf(sending, ids);
    const created = await this.claude.create(requests, signal).catch((error: unknown) => this.refused(sending, error));
    if (created === null) return;
    if (await this.steps.markSent(sending, created, nextLook(sentAt))) {
      this.logger.info({
        event: 'message_batch_sent',
        message_batch_id: held.id,
        claude_id: created,
        runs: ids.length,
      });
    } else await this.withdraw(held, created, signal);
  }

  /** Null when that is dealt with. @throws what leaves it open whether Claude has taken it */
  private async refused(held: HeldMessageBatch, error: unknown): Promise<null> {
    if (!(error instanceof ClaudeApiError) || !isRefusal(error)) throw error;
    const { claude } = this.config;
    const waitMs = waitBeforeRetry(error, held.refusals + 1, Number.POSITIVE_INFINITY, claude);
    const { errorType, statusCode } = error.facts;
    this.logger.warn(
      {
        event: 'message_batch_refused',
        message_batch_id: held.id,
        status_code: statusCode,
        error_type: errorType,
        wait_ms: waitMs,
      },
      waitMs === null ? 'Claude did not take a Message Batch' : 'Claude did not take a Message Batch; it is sent again',
    );
    if (waitMs === null) await this.runs.endRest(held, { answer: null, failure: error });
    else await this.steps.takeBack(held, new Date(Date.now() + waitMs));
    return null;
  }

  /**
   * Claude has taken it, but the answer took so long that it counts as not taken: it may have been sent again meanwhile, so this
   * one may cost nothing more.
   */
  private async withdraw(held: HeldMessageBatch, claudeId: string, signal: AbortSignal): Promise<void> {
    this.logger.error(
      { event: 'message_batch_orphaned', message_batch_id: held.id, claude_id: claudeId },
      'A Message Batch reached Claude after it had been given up; it is cancelled there',
    );
    await this.claude.cancel(claudeId, signal);
  }
}

/** Whether an error tells that Claude has not taken the requests: it was not reached, or it has said so. */
function isRefusal({ facts: { mayBeBilled, statusCode } }: ClaudeApiError): boolean {
  if (mayBeBilled) return false;
  if (statusCode === null || OVERLOADED.has(statusCode)) return true;
  return statusCode >= 400 && statusCode < 500 && !TIMED_OUT.has(statusCode);
}
