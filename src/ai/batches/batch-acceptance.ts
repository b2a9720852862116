import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { type BatchQuestion, RunGroups } from '../runs/run-groups.js';
import type { ParsedBatch } from './batch-body.js';
import { BatchDrafts } from './batch-drafts.js';
import type { BatchId, BatchMode } from './batch.types.js';
import { BatchesRepository } from './batches.repository.js';
import { MessageBatchPlan } from './provider/message-batch-plan.js';

/** Turns what is asked for in batches into recorded runs. */
@Injectable()
export class BatchAcceptance {
  constructor(
    private readonly drafts: BatchDrafts,
    private readonly groups: RunGroups,
    private readonly batches: BatchesRepository,
    private readonly plan: MessageBatchPlan,
  ) {}

  /**
   * Drafts every query, which may take long.
   * @returns what records them, in a transaction; it throws BudgetExceededError
   * @throws what `BatchDrafts.draft` throws
   */
  async prepare(owner: UserId, { mode, queries }: ParsedBatch): Promise<() => Promise<BatchId>> {
    const questions = await this.drafts.draft(owner, queries);
    return async () => {
      const id = await this.batches.insert(owner, mode);
      await this.record(owner, id, mode, questions);
      return id;
    };
  }

  /**
   * Records questions of a batch as runs, in the caller's transaction: in the queue, or on their way to Claude together.
   * @throws BudgetExceededError; ItemNotFoundError, PromptNotFoundError when one was deleted meanwhile
   */
  async record(owner: UserId, id: BatchId, mode: BatchMode, questions: readonly BatchQuestion[]): Promise<void> {
    const realtime = mode === 'realtime';
    const placed = realtime ? questions : await this.plan.place(owner, id, questions);
    await this.groups.accept(owner, id, placed, realtime);
  }
}
