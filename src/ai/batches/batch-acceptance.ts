import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { RunGroups } from '../runs/ledger/run-groups.js';
import type { ParsedBatch } from './batch-body.js';
import { BatchDrafts } from './batch-drafts.js';
import type { BatchId } from './batch.types.js';
import { BatchesRepository } from './batches.repository.js';

/** Turns a batch that was asked for into recorded runs. */
@Injectable()
export class BatchAcceptance {
  constructor(
    private readonly drafts: BatchDrafts,
    private readonly groups: RunGroups,
    private readonly batches: BatchesRepository,
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
      await this.groups.accept(owner, id, questions, mode === 'realtime');
      return id;
    };
  }
}
