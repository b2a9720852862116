import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Transaction } from '../../platform/database/transaction.js';
import { ConflictError } from '../../platform/errors/platform.errors.js';
import { RunGroupEnding } from '../runs/execution/run-group-ending.js';
import { type BatchId, type BatchView, isOver } from './batch.types.js';
import { BatchesRepository } from './batches.repository.js';
import { MessageBatchWorker } from './provider/message-batch-worker.js';
import { MessageBatchesRepository } from './provider/message-batches.repository.js';

/** Cancels batches, in whichever process their runs are worked on. */
@Injectable()
export class BatchCancellation {
  constructor(
    private readonly transaction: Transaction,
    private readonly batches: BatchesRepository,
    private readonly messageBatches: MessageBatchesRepository,
    private readonly ending: RunGroupEnding,
    private readonly worker: MessageBatchWorker,
  ) {}

  /**
   * Cancels what has not ended of a batch: what waits is ended here and now and never sent, the calls of running ones are
   * given up as their workers see the wish. What a killed process leaves of that is ended as it comes up in the queue.
   * @returns the batch as it stands
   * @throws BatchNotFoundError, ConflictError when it has ended already
   */
  async cancel(owner: UserId, id: BatchId): Promise<BatchView> {
    await this.transaction.run(async () => {
      await this.batches.lock(owner, id);
      const { status } = await this.batches.get(owner, id);
      if (isOver(status)) throw new ConflictError(`Batch ${id} is ${status} already`);
      // Before its runs, as those do who send them.
      await this.messageBatches.hurry(id);
      await this.batches.requestCancel(id);
    });
    await this.ending.cancelQueued(id);
    this.worker.wake();
    const batch = await this.batches.get(owner, id);
    // The last of its runs ended before they could be given up.
    if (batch.status === 'finished') throw new ConflictError(`Batch ${id} is finished already`);
    return batch;
  }
}
