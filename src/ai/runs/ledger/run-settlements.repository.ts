import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import { addNano, nanoUsd } from '../../../platform/money/money.js';
import type { RunId } from '../run.types.js';
import { countedOf, type Settlement } from './run-ledger.repository.js';
import { SETTLE_ALL } from './run-settlements.sql.js';

/** The ends of many runs at once. */
@Injectable()
export class RunSettlementsRepository {
  constructor(private readonly transaction: Transaction) {}

  /**
   * Records the ends of runs, as `RunLedgerRepository.settle` does for one.
   * @returns those that were recorded; the others are no longer held so, or somebody else is about to change them
   */
  async settleAll<T extends Settlement>(settlements: readonly T[]): Promise<ReadonlySet<T>> {
    const record = JSON.stringify(settlements.map(toRecord));
    const rows = await this.transaction.sql<{ id: RunId; fence: number }>(SETTLE_ALL, [record]);
    const fences = new Map(rows.map(({ id, fence }) => [id, fence]));
    return new Set(settlements.filter(({ hold }) => fences.get(hold.runId) === hold.fence));
  }
}

/** Under the names of `SETTLE_ALL`. */
function toRecord({ hold, run, events, price }: Settlement): Record<string, unknown> {
  const last = run.attempts.at(-1);
  return {
    run_id: hold.runId,
    worker_id: hold.workerId,
    fence: hold.fence,
    status: run.status,
    output_text: run.outputText,
    output: run.output && JSON.stringify(run.output),
    sources: JSON.stringify(run.sources),
    stop_reason: run.stopReason,
    usage: run.usage && JSON.stringify(run.usage),
    cost: run.costNanoUsd,
    billing_state: run.billingState,
    billing_min: run.billingMinNanoUsd,
    billing_max: run.billingMaxNanoUsd,
    price: price === null ? null : JSON.stringify(price),
    error_type: run.error?.slug ?? null,
    error_detail: run.error?.detail ?? null,
    finished_at: run.finishedAt,
    attempt: last?.number ?? null,
    state: last?.state ?? null,
    duration_ms: last?.durationMs ?? null,
    status_code: last?.statusCode ?? null,
    attempt_error: last?.errorType ?? null,
    claude_request_id: last?.claudeRequestId ?? null,
    min_nano_usd: last?.minNanoUsd ?? null,
    max_nano_usd: last?.maxNanoUsd ?? null,
    counted: last ? countedOf(last) : nanoUsd(0),
    earlier: addNano(...run.attempts.slice(0, -1).map(countedOf)),
    input_tokens: run.usage?.input_tokens ?? 0,
    output_tokens: run.usage?.output_tokens ?? 0,
    cache_creation_input_tokens: run.usage?.cache_creation_input_tokens ?? 0,
    cache_read_input_tokens: run.usage?.cache_read_input_tokens ?? 0,
    events,
  };
}
