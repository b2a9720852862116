import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { ConflictError } from '../../platform/errors/platform.errors.js';
import { type BatchQuestion, RunGroups } from '../runs/run-groups.js';
import { RunDrafts } from '../runs/run-drafts.js';
import { RunsRepository } from '../runs/runs.repository.js';
import { BatchAcceptance } from './batch-acceptance.js';
import { type BatchView, isOver } from './batch.types.js';
import { BatchesRepository } from './batches.repository.js';

/** Runs that are read at once. */
const SLICE = 250;

/** Puts new runs in the places of those that failed. */
@Injectable()
export class BatchRetries {
  constructor(
    private readonly batches: BatchesRepository,
    private readonly runs: RunsRepository,
    private readonly drafts: RunDrafts,
    private readonly groups: RunGroups,
    private readonly acceptance: BatchAcceptance,
  ) {}

  /**
   * In the caller's transaction, which holds the batch.
   * @throws ConflictError when there is nothing to retry, BudgetExceededError
   */
  async retry(owner: UserId, { id, mode, status, cancelRequested }: BatchView): Promise<void> {
    if (cancelRequested && !isOver(status)) throw new ConflictError(`Batch ${id} is being cancelled`);
    await this.groups.holdParents(owner, await this.batches.findParentsOfFailed(id));
    const failed = await this.batches.replaceFailed(id);
    if (failed.length === 0) throw new ConflictError(`Batch ${id} has no failed or interrupted query to retry`);
    const places = new Map(failed.map((place) => [place.runId, place]));
    const questions: BatchQuestion[] = [];
    // By the slice: what came of them is read as well, and none of it is kept.
    for (let start = 0; start < failed.length; start += SLICE) {
      const ids = failed.slice(start, start + SLICE).map(({ runId }) => runId);
      for (const run of await this.runs.findAllForWorker(ids)) {
        const place = places.get(run.id);
        if (place) questions.push({ question: this.drafts.again(run), index: place.index, customId: place.customId });
      }
    }
    questions.sort((a, b) => a.index - b.index);
    await this.acceptance.record(owner, id, mode, questions);
    await this.batches.reopen(id);
  }
}
