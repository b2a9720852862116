import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import { addNano, nanoUsd } from '../../../platform/money/money.js';
import { type RunRow, toRun } from '../run.rows.js';
import type { Run, RunEvent, RunId } from '../run.types.js';
import { countedOf, type Hold } from './run-ledger.repository.js';
import { FIND_TAKEN, SETTLE_ALL, TAKE_CANCELLED, TAKE_SENT } from './run-settlements.sql.js';

/** A run that has ended, as it is to be recorded. */
export interface Settlement {
  readonly hold: Hold;
  readonly run: Run;
  readonly events: readonly RunEvent[];
  /** The price row that the answer was priced by. */
  readonly price: unknown;
}

/** A run that was taken to be ended, with the number of its last event. */
export interface TakenRun {
  readonly run: Run;
  readonly hold: Hold;
  readonly lastSequence: number;
}

/** The ends of many runs at once. */
@Injectable()
export class RunSettlementsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** Takes queued runs of a batch that are to be cancelled, as many as `limit`. */
  takeCancelled(batchId: number, workerId: string, limit: number): Promise<TakenRun[]> {
    return this.take(TAKE_CANCELLED, workerId, [batchId, workerId, limit]);
  }

  /** Takes those of these runs that went to Claude with this Message Batch and have not ended. */
  takeSent(messageBatchId: number, workerId: string, ids: readonly RunId[]): Promise<TakenRun[]> {
    return this.take(TAKE_SENT, workerId, [messageBatchId, workerId, ids]);
  }

  /** Records the ends of runs, all or none. Answers those that were still held. */
  async settleAll(settlements: readonly Settlement[]): Promise<ReadonlySet<RunId>> {
    const rows = await this.transaction.sql<{ id: RunId }>(SETTLE_ALL, [JSON.stringify(settlements.map(toRecord))]);
    return new Set(rows.map(({ id }) => id));
  }

  private async take(text: string, workerId: string, values: unknown[]): Promise<TakenRun[]> {
    const taken = await this.transaction.sql<{ id: RunId; fence: number }>(text, values);
    if (taken.length === 0) return [];
    const fences = new Map(taken.map(({ id, fence }) => [id, fence]));
    const rows = await this.transaction.sql<RunRow & { last_sequence: number | null }>(FIND_TAKEN, [
      [...fences.keys()],
    ]);
    return rows.map((row) => ({
      run: toRun(row),
      hold: { runId: row.id, workerId, fence: fences.get(row.id) ?? 0 },
      lastSequence: row.last_sequence ?? 0,
    }));
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
