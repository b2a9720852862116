import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { mayPass } from '../../../platform/database/sql-errors.js';
import { ClaudeApiError, NO_FACTS } from '../../claude/claude-failure.js';
import type { BatchResult } from '../../claude/message-batches/batch-results.js';
import { ClaudeBatches } from '../../claude/message-batches/claude-batches.js';
import type { AttemptEnd } from '../../runs/execution/run-group-ending.js';
import type { RunId } from '../../runs/run.types.js';
import { MessageBatchRuns, runIdOf, UNTRACEABLE } from './message-batch-runs.js';
import { MessageBatchLostError, MessageBatchStepsRepository } from './message-batch-steps.repository.js';
import type { HeldMessageBatch } from './message-batch.types.js';
import { nextLook } from './poll-interval.js';

/** Results that one transaction records, and the characters of their answers. */
const CHUNK = 100;
const CHUNK_CHARACTERS = 1024 * 1024;
/** Claude's answers to the wish to cancel what has just ended, or is no longer there. */
const TOO_LATE = new Set([400, 404, 409]);

const UNRECORDABLE: AttemptEnd = {
  answer: null,
  failure: new ClaudeApiError('claude-failed', 'Claude failed to answer', {
    ...NO_FACTS,
    statusCode: 200,
    errorType: 'unrecordable_answer',
    mayBeBilled: true,
  }),
};

/** Looks after Message Batches that are at Claude, and takes in their results. */
@Injectable()
export class MessageBatchCollection {
  constructor(
    private readonly claude: ClaudeBatches,
    private readonly steps: MessageBatchStepsRepository,
    private readonly runs: MessageBatchRuns,
    private readonly logger: PinoLogger,
  ) {}

  /** Passes on the wish to cancel, and takes in the results once there are any: each once, however often this is begun. */
  async collect(held: HeldMessageBatch, signal: AbortSignal): Promise<void> {
    const claudeId = held.claudeId ?? '';
    if (held.cancelRequested && held.cancelledAt === null) await this.cancel(held, claudeId, signal);
    const batch = await this.claude.find(claudeId, signal);
    if (batch && !batch.ended) return this.steps.postpone(held, nextLook(held.sentAt));
    if (batch) await this.takeIn(held, claudeId, signal);
    else this.logger.error({ event: 'message_batch_gone', message_batch_id: held.id, claude_id: claudeId });
    // What has no result by now will get none.
    await this.runs.endRest(held, UNTRACEABLE);
    this.logger.info({ event: 'message_batch_ended', message_batch_id: held.id, claude_id: claudeId });
  }

  private async cancel(held: HeldMessageBatch, claudeId: string, signal: AbortSignal): Promise<void> {
    try {
      await this.claude.cancel(claudeId, signal);
    } catch (error) {
      if (!(error instanceof ClaudeApiError) || !TOO_LATE.has(error.statusCode ?? 0)) throw error;
    }
    await this.steps.noteCancelled(held);
  }

  private async takeIn(held: HeldMessageBatch, claudeId: string, signal: AbortSignal): Promise<void> {
    let ends = new Map<RunId, AttemptEnd>();
    let characters = 0;
    try {
      for await (const result of this.claude.results(claudeId, signal)) {
        const runId = runIdOf(held, result.customId);
        if (runId === null) continue;
        ends.set(runId, result);
        characters += sizeOf(result);
        if (ends.size < CHUNK && characters < CHUNK_CHARACTERS) continue;
        await this.record(held, ends);
        [ends, characters] = [new Map(), 0];
      }
    } catch (error) {
      // Claude keeps results for 29 days.
      if (!(error instanceof ClaudeApiError) || error.statusCode !== 404) throw error;
      this.logger.error({ event: 'message_batch_gone', message_batch_id: held.id, claude_id: claudeId });
    }
    await this.record(held, ends);
  }

  /** One answer that the database refuses may not keep the others from being recorded. */
  private async record(held: HeldMessageBatch, ends: ReadonlyMap<RunId, AttemptEnd>): Promise<void> {
    try {
      await this.end(held, ends);
    } catch (error) {
      if (mayPass(error) || error instanceof MessageBatchLostError) throw error;
      this.logger.error({ event: 'message_batch_unrecordable', message_batch_id: held.id, err: error });
      for (const [id, end] of ends) await this.recordAlone(held, id, end);
    }
  }

  private async recordAlone(held: HeldMessageBatch, id: RunId, end: AttemptEnd): Promise<void> {
    try {
      await this.end(held, new Map([[id, end]]));
    } catch (error) {
      if (mayPass(error)) throw error;
      await this.end(held, new Map([[id, UNRECORDABLE]]));
    }
  }

  private async end(held: HeldMessageBatch, ends: ReadonlyMap<RunId, AttemptEnd>): Promise<void> {
    if (ends.size > 0) await this.runs.end(held, [...ends.keys()], (run) => ends.get(run.id) ?? UNTRACEABLE);
  }
}

function sizeOf({ answer }: BatchResult): number {
  return answer?.text.length ?? 0;
}
