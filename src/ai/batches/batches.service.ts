import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Transaction } from '../../platform/database/transaction.js';
import { ShuttingDownError } from '../../platform/errors/platform.errors.js';
import { Lifecycle } from '../../platform/health/lifecycle.js';
import { Idempotency, type Made } from '../../platform/idempotency/idempotency.js';
import type { KeyedRequest } from '../../platform/idempotency/keyed-request.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import { BatchAcceptance } from './batch-acceptance.js';
import type { BatchId, BatchView } from './batch.types.js';
import { BatchRetries } from './batch-retries.js';
import { BatchesRepository } from './batches.repository.js';
import type { ParsedBatch } from './batch-body.js';

/** Batches: accepted as a whole, and found again. */
@Injectable()
export class BatchesService {
  constructor(
    private readonly transaction: Transaction,
    private readonly acceptance: BatchAcceptance,
    private readonly batches: BatchesRepository,
    private readonly retries: BatchRetries,
    private readonly idempotency: Idempotency,
    private readonly lifecycle: Lifecycle,
  ) {}

  /**
   * Accepts a batch: every query is committed as a queued run, or none is.
   * @throws what `BatchDrafts.draft` throws, BudgetExceededError, ShuttingDownError
   */
  async create(owner: UserId, batch: ParsedBatch, keyed: KeyedRequest | null): Promise<Made<BatchView>> {
    const known = await this.idempotency.find(keyed);
    if (known !== null) return { made: null, replayed: known };
    if (this.lifecycle.stopping) throw new ShuttingDownError();
    const accept = await this.acceptance.prepare(owner, batch);
    return this.once(owner, keyed, () => this.transaction.run(accept));
  }

  /** @throws BatchNotFoundError */
  async get(owner: UserId, id: BatchId): Promise<BatchView> {
    return this.batches.get(owner, id);
  }

  /** One page of the owner's batches, newest first. */
  async list(owner: UserId, page: PageRequest): Promise<Slice<BatchView>> {
    return this.batches.findPage(owner, page);
  }

  /**
   * Runs the failed and interrupted queries once more, each as a new run in the place of the old one.
   * @throws BatchNotFoundError, ConflictError when there is nothing to retry, BudgetExceededError, ShuttingDownError
   */
  async retry(owner: UserId, id: BatchId, keyed: KeyedRequest | null): Promise<Made<BatchView>> {
    const known = await this.idempotency.find(keyed);
    if (known !== null) return { made: null, replayed: known };
    if (this.lifecycle.stopping) throw new ShuttingDownError();
    const retry = async (): Promise<BatchId> => {
      await this.batches.lock(owner, id);
      await this.retries.retry(owner, await this.batches.get(owner, id));
      return id;
    };
    return this.once(owner, keyed, () => this.transaction.run(retry));
  }

  private async once(
    owner: UserId,
    keyed: KeyedRequest | null,
    make: () => Promise<BatchId>,
  ): Promise<Made<BatchView>> {
    const { made, replayed } = await this.idempotency.once(keyed, 'batch', (id: BatchId) => id, make);
    return made === null ? { made, replayed } : { made: await this.batches.get(owner, made), replayed: null };
  }
}
