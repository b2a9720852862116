import { usdFromNano } from '../../../platform/money/money.js';
import type { BatchView } from '../batch.types.js';
import type { BatchResponse } from './batch.dto.js';

/** A batch as the API shows it. */
export function toBatchResponse(batch: BatchView): BatchResponse {
  const { total, queued, running, succeeded, failed, cancelled, interrupted } = batch.counts;
  return {
    id: batch.id,
    status: batch.status,
    mode: batch.mode,
    counts: { total, queued, running, succeeded, failed, cancelled, interrupted },
    cost_usd: usdFromNano(batch.costNanoUsd),
    created_at: batch.createdAt.toISOString(),
    finished_at: batch.finishedAt?.toISOString() ?? null,
  };
}
