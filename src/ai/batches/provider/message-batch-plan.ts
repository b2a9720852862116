import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { Transaction } from '../../../platform/database/transaction.js';
import type { BatchQuestion } from '../../runs/run-groups.js';
import type { BatchId } from '../batch.types.js';
import { MessageBatchWorker } from './message-batch-worker.js';
import { MessageBatchesRepository } from './message-batches.repository.js';

/** Claude takes 100,000 requests and 256 MiB; this much is in memory at a time, and as JSON it may grow sixfold. */
const MAX_REQUESTS = 10_000;
const MAX_BYTES = 32 * 1024 * 1024;
/** Model, settings and names around the texts of a request. */
const BYTES_AROUND = 1024;

/** Decides which runs go to Claude together. */
@Injectable()
export class MessageBatchPlan {
  constructor(
    private readonly transaction: Transaction,
    private readonly messageBatches: MessageBatchesRepository,
    private readonly worker: MessageBatchWorker,
  ) {}

  /** Gives each question its Message Batch, in the caller's transaction; the work on them begins once it is committed. */
  async place(owner: UserId, batchId: BatchId, questions: readonly BatchQuestion[]): Promise<BatchQuestion[]> {
    const placed: BatchQuestion[] = [];
    for (const piece of piecesOf(questions, bytesOf, { requests: MAX_REQUESTS, bytes: MAX_BYTES })) {
      const messageBatchId = await this.messageBatches.plan(owner, batchId);
      for (const item of piece) placed.push({ ...item, question: { ...item.question, messageBatchId } });
    }
    await this.transaction.afterCommit(() => this.worker.wake());
    return placed;
  }
}

/** Pieces in order, each within the limits, or of a single item that is beyond them alone. */
export function piecesOf<T>(
  items: readonly T[],
  sizeOf: (item: T) => number,
  limits: { readonly requests: number; readonly bytes: number },
): T[][] {
  const pieces: T[][] = [];
  let size = 0;
  for (const item of items) {
    const last = pieces.at(-1);
    const added = sizeOf(item);
    if (last && last.length < limits.requests && size + added <= limits.bytes) {
      last.push(item);
      size += added;
    } else {
      pieces.push([item]);
      size = added;
    }
  }
  return pieces;
}

function bytesOf({ question: { system, messages, settings } }: BatchQuestion): number {
  const schema = settings.output_schema ? JSON.stringify(settings.output_schema) : '';
  const texts = [system ?? '', schema, ...messages.map(({ content }) => content)];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), BYTES_AROUND);
}
