import { type NanoUsd, nanoUsd } from '../../platform/money/money.js';
import { isFinal, RUN_STATUSES, type RunStatus } from '../runs/run.types.js';
import type { BatchCounts, BatchStatus, BatchView } from './batch.types.js';

/** How many runs of a batch stand how, and what they cost. JSON: money and counts are numbers, times are texts. */
export interface Tally {
  readonly status: RunStatus;
  /** Replaced by a retry: they count for the cost alone. */
  readonly replaced: boolean;
  readonly runs: number;
  readonly cost_nano_usd: number;
  readonly finished_at: string | null;
}

/** How a batch stands by its tallies. */
export function standingOf(
  tallies: readonly Tally[],
  cancelRequested: boolean,
): Pick<BatchView, 'status' | 'counts' | 'costNanoUsd' | 'finishedAt'> {
  const present = tallies.filter(({ replaced }) => !replaced);
  const counts = countsOf(present);
  const over = present.every(({ status }) => isFinal(status));
  const finishedAt = present.map(({ finished_at }) => (finished_at === null ? 0 : Date.parse(finished_at)));
  return {
    status: statusOf(counts, over, cancelRequested),
    counts,
    costNanoUsd: sumOf(tallies),
    finishedAt: over ? new Date(Math.max(...finishedAt)) : null,
  };
}

function countsOf(tallies: readonly Tally[]): BatchCounts {
  const counts = { total: 0, ...Object.fromEntries(RUN_STATUSES.map((status) => [status, 0])) } as {
    -readonly [Name in keyof BatchCounts]: number;
  };
  for (const { status, runs } of tallies) {
    counts.total += runs;
    counts[status] += runs;
  }
  return counts;
}

function statusOf(counts: BatchCounts, over: boolean, cancelRequested: boolean): BatchStatus {
  if (over) return cancelRequested && counts.cancelled > 0 ? 'cancelled' : 'finished';
  return counts.queued === counts.total ? 'queued' : 'running';
}

function sumOf(tallies: readonly Tally[]): NanoUsd {
  return nanoUsd(tallies.reduce((sum, { cost_nano_usd }) => sum + cost_nano_usd, 0));
}
