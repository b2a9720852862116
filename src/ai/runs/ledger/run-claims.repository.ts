import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import { type RunRow, toRun } from '../run.rows.js';
import type { Run, RunId } from '../run.types.js';
import { LEASE_SECONDS } from './run-ledger.sql.js';

/**
 * $1 runs, $2 worker, $3 time. What is to be cancelled is claimed, but not sent. A run that somebody else holds at this moment
 * is passed over: who waits while holding other runs may be waited for.
 */
const CLAIM_ALL = `
  with free as (
    select id from runs where id = any($1::bigint[]) and status = 'queued' order by id for update skip locked),
  run as (
    update runs set status = 'running', worker_id = $2::uuid, fence = fence + 1, started_at = $3::timestamptz,
      lease_until = now() + interval '${LEASE_SECONDS} seconds'
    from free where runs.id = free.id
    returning runs.*),
  attempt as (
    update run_attempts a set state = 'sent', started_at = $3::timestamptz
    from run
    where a.run_id = run.id and a.state = 'intent' and run.cancel_requested_at is null)
  select run.*,
    (select coalesce(jsonb_agg(to_jsonb(a) order by a.number), '[]') from run_attempts a where a.run_id = run.id) as attempts,
    (select coalesce(max(sequence), 0) from run_events e where e.run_id = run.id) as last_event
  from run`;

/** A run that a worker has taken from the queue, to call Claude for it at once. */
export interface ClaimedRun {
  readonly run: Run;
  readonly fence: number;
  /** Whether its owner wants it cancelled: then it is not sent. */
  readonly cancelRequested: boolean;
  /** Number of its last stored event. */
  readonly lastEvent: number;
}

interface ClaimedRow extends RunRow {
  fence: number;
  cancel_requested_at: Date | null;
  last_event: number;
}

/** Takes queued runs, many by one statement. */
@Injectable()
export class RunClaimsRepository {
  constructor(private readonly transaction: Transaction) {}

  /**
   * Takes those of the runs that are queued and that nobody else is about to change. Their first calls go out right after
   * the commit, save for those that are to be cancelled.
   */
  async claimAll(ids: readonly RunId[], workerId: string, at: Date): Promise<ReadonlyMap<RunId, ClaimedRun>> {
    const rows = await this.transaction.sql<ClaimedRow>(CLAIM_ALL, [ids, workerId, at]);
    return new Map(rows.map((row) => [row.id, toClaimedRun(row, at)]));
  }
}

function toClaimedRun(row: ClaimedRow, at: Date): ClaimedRun {
  const { fence, cancel_requested_at: cancelRequestedAt, last_event: lastEvent } = row;
  const run = toRun(row);
  if (cancelRequestedAt !== null) return { run, fence, cancelRequested: true, lastEvent };
  // The statement reads the attempts as they were before it.
  const attempts = run.attempts.map((attempt) =>
    attempt.state === 'intent' ? { ...attempt, state: 'sent' as const, startedAt: at } : attempt,
  );
  return { run: { ...run, attempts }, fence, cancelRequested: false, lastEvent };
}
