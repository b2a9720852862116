import type { Brand } from '../../platform/brand.js';
import type { NanoUsd } from '../../platform/money/money.js';
import type { UserId } from '../../identity/user-id.js';
import type { RunStatus } from '../runs/run.types.js';

export type BatchId = Brand<number, 'BatchId'>;

export const BATCH_MODES = ['realtime', 'provider'] as const;

/** `realtime`: run here, as single runs are. `provider`: left to Claude's Message Batches, at half the price. */
export type BatchMode = (typeof BATCH_MODES)[number];

export const BATCH_STATUSES = ['queued', 'running', 'finished', 'cancelled'] as const;

/** `queued → running →` one of the two others. A batch whose queries failed is finished all the same. */
export type BatchStatus = (typeof BATCH_STATUSES)[number];

/** How many queries stand how. */
export type BatchCounts = Readonly<Record<'total' | RunStatus, number>>;

/** A batch as it stands. */
export interface BatchView {
  readonly id: BatchId;
  readonly userId: UserId;
  readonly status: BatchStatus;
  readonly mode: BatchMode;
  /** Whether its owner wants it cancelled. */
  readonly cancelRequested: boolean;
  readonly counts: BatchCounts;
  /** What is settled of the cost of all its runs, those that a retry has replaced included. */
  readonly costNanoUsd: NanoUsd;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** Whether a status is final: until it is retried. */
export function isOver(status: BatchStatus): boolean {
  return status === 'finished' || status === 'cancelled';
}
