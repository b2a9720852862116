import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import { type RunRow, toRun } from '../run.rows.js';
import type { Run, RunId } from '../run.types.js';
import { LEASE_SECONDS } from './run-ledger.sql.js';

const CLAIMED = `
  select run.*,
    (select coalesce(jsonb_agg(to_jsonb(a) order by a.number), '[]') from run_attempts a where a.run_id = run.id) as attempts,
    (select coalesce(max(sequence), 0) from run_events e where e.run_id = run.id) as last_event
  from run`;

/**
 * $1 runs, $2 worker, $3 time. What is to be cancelled is claimed, but not sent. A run that somebody else holds at this moment
 * is passed over: who waits while holding other runs may be waited for. Said again with the same time it takes the same again: the
 * answer may have been lost, and who has not heard that it holds a run does not work on it.
 */
const CLAIM_ALL = `
  with free as (
    select id from runs where id = any($1::bigint[])
      and (status = 'queued' or status = 'running' and worker_id = $2::uuid and started_at = $3::timestamptz)
    order by id for update skip locked),
  run as (
    update runs set status = 'running', worker_id = $2::uuid, fence = fence + 1, started_at = $3::timestamptz,
      lease_until = now() + interval '${LEASE_SECONDS} seconds'
    from free where runs.id = free.id
    returning runs.*),
  attempt as (
    update run_attempts a set state = 'sent', started_at = $3::timestamptz
    from run
    where a.run_id = run.id and a.state = 'intent' and run.cancel_requested_at is null)
  ${CLAIMED}`;

/** $1 run, $2 worker, $3 time. It waits for whoever holds the run at this moment. Its first attempt is yet to be sent. */
const CLAIM = `
  with run as (
    update runs set status = 'running', worker_id = $2::uuid, fence = fence + 1, started_at = $3::timestamptz,
      lease_until = now() + interval '${LEASE_SECONDS} seconds'
    where id = $1::bigint and status = 'queued'
    returning *)
  ${CLAIMED}`;

/** $1 batch, $2 worker, $3 limit. Those that somebody else holds at this moment are left to him. */
const TAKE_CANCELLED = `
  with run as (
    update runs set status = 'running', worker_id = $2::uuid, fence = fence + 1,
      lease_until = now() + interval '${LEASE_SECONDS} seconds'
    where id in (
      select id from runs where batch_id = $1::bigint and status = 'queued' and cancel_requested_at is not null
      order by id limit $3::integer for update skip locked)
    returning *)
  ${CLAIMED}`;

/** $1 Message Batch, $2 worker, $3 runs. Whoever takes in the same results at the same time waits, and finds them ended. */
const TAKE_SENT = `
  with run as (
    update runs set worker_id = $2::uuid, fence = fence + 1
    where id in (
      select id from runs where message_batch_id = $1::bigint and status = 'running' and id = any($3::bigint[])
      order by id for update)
    returning *)
  ${CLAIMED}`;

/** A run that a worker has taken, from the queue to call Claude for it at once, or to end it. */
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
   * @param at names the claim: with the same time it may be said again until it is answered, and then never again
   */
  async claimAll(ids: readonly RunId[], workerId: string, at: Date): Promise<ReadonlyMap<RunId, ClaimedRun>> {
    const rows = await this.transaction.sql<ClaimedRow>(CLAIM_ALL, [ids, workerId, at]);
    return new Map(rows.map((row) => [row.id, toClaimedRun(row, at)]));
  }

  /** Takes a queued run, which is not sent yet. Null when it is not queued any more. */
  async claim(id: RunId, workerId: string, at: Date): Promise<ClaimedRun | null> {
    const [row] = await this.transaction.sql<ClaimedRow>(CLAIM, [id, workerId, at]);
    return row ? toTakenRun(row) : null;
  }

  /** Those of the runs that are queued. */
  async findQueued(ids: readonly RunId[]): Promise<RunId[]> {
    if (ids.length === 0) return [];
    const text = `select id from runs where id = any($1::bigint[]) and status = 'queued' order by id`;
    return (await this.transaction.sql<{ id: RunId }>(text, [ids])).map(({ id }) => id);
  }

  /** Takes queued runs of a batch that are to be cancelled, as many as `limit`. Their attempts were not sent. */
  async takeCancelled(batchId: number, workerId: string, limit: number): Promise<ClaimedRun[]> {
    return (await this.transaction.sql<ClaimedRow>(TAKE_CANCELLED, [batchId, workerId, limit])).map(toTakenRun);
  }

  /** Takes those of these runs that went to Claude with this Message Batch and have not ended. */
  async takeSent(messageBatchId: number, workerId: string, ids: readonly RunId[]): Promise<ClaimedRun[]> {
    return (await this.transaction.sql<ClaimedRow>(TAKE_SENT, [messageBatchId, workerId, ids])).map(toTakenRun);
  }
}

function toTakenRun(row: ClaimedRow): ClaimedRun {
  const { fence, cancel_requested_at: cancelRequestedAt, last_event: lastEvent } = row;
  return { run: toRun(row), fence, cancelRequested: cancelRequestedAt !== null, lastEvent };
}

function toClaimedRun(row: ClaimedRow, at: Date): ClaimedRun {
  const taken = toTakenRun(row);
  const { run, cancelRequested } = taken;
  if (cancelRequested) return taken;
  // The statement reads the attempts as they were before it.
  const attempts = run.attempts.map((attempt) =>
    attempt.state === 'intent' ? { ...attempt, state: 'sent' as const, startedAt: at } : attempt,
  );
  return { ...taken, run: { ...run, attempts } };
}
