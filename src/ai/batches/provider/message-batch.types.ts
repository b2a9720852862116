import type { Brand } from '../../../platform/brand.js';
import type { BatchId } from '../batch.types.js';

export type MessageBatchId = Brand<number, 'MessageBatchId'>;

/**
 * `planned`: nothing of it is at Claude. `sending`: it may be. `sent`: it is, under a known id. `done`: every run has its end.
 * From `sending` it goes back to `planned` only where it is known that Claude has not taken it.
 */
export type MessageBatchState = 'planned' | 'sending' | 'sent' | 'done';

/** A Message Batch as a worker holds it: what it writes under another fence is refused. */
export interface HeldMessageBatch {
  readonly id: MessageBatchId;
  readonly batchId: BatchId;
  readonly nonce: string;
  readonly state: MessageBatchState;
  readonly claudeId: string | null;
  /** How often it was sent, and Claude has not taken it. */
  readonly refusals: number;
  /** How many requests it was last sent with. */
  readonly requests: number;
  readonly sentAt: Date | null;
  readonly cancelledAt: Date | null;
  /** Whether the batch's owner wants it cancelled. */
  readonly cancelRequested: boolean;
  readonly workerId: string;
  readonly fence: number;
}
