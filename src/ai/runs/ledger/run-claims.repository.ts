import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import { type RunRow, toRun } from '../run.rows.js';
import type { Run, RunId } from '../run.types.js';
import { LEASE_SECONDS } from './run-ledger.sql.js';

const WHOLE = `
  select run.*,
    (select coalesce(jsonb_agg(to_jsonb(a) order by a.number), '[]') from run_attempts a where a.run_id = run.id) as attempts,
    (select coalesce(max(sequence), 0) from run_events e where e.run_id = run.id) as last_event
  from run`;

/** $1 runs. */
const READ_QUEUED = `
  with run as (select * from runs where id = any($1::bigint[]) and status = 'queued')
  ${WHOLE}`;

/**
 * $1 runs and $2 their fences, $3 worker, $4 time. What is to be cancelled is claimed, but not sent. A run that somebody else
 * holds at this moment is passed over: who waits while holding other runs may be waited for. Said again with the same time it
 * takes the same again: the answer may have been lost, and who has not heard that it holds a run does not work on it.
 */
const CLAIM_ALL = `
  with asked as (select * from json_to_recordset($1::json) as a (id bigint, fence integer)),
  free as (
    select runs.id from runs join asked on asked.id = runs.id
    where runs.id = any(array(select id from asked))
      and (runs.status = 'queued' and runs.fence = asked.fence
        or runs.status = 'running' and runs.worker_id = $2::uuid and runs.started_at = $3::timestamptz)
    order by runs.id for update of runs skip locked),
  run as (
    update runs set status = 'running', worker_id = $2::uuid, fence = fence + 1, started_at = $3::timestamptz,
      lease_until = now() + interval '${LEASE_SECONDS} seconds'
    from free where runs.id = free.id
    returning runs.id, runs.fence, runs.cancel_requested_at is not null as cancel_requested),
  attempt as (
    update run_attempts a set state = 'sent', started_at = $3::timestamptz
    from run
    where a.run_id = run.id and a.state = 'intent' and not run.cancel_requested)
  select * from run`;

/** $1 run, $2 worker, $3 time. It waits for whoever holds the run at this moment. Its first attempt is yet to be sent. */
const CLAIM = `
  with run as (
    update runs set status = 'running', worker_id = $2::uuid, fence = fence + 1, started_at = $3::timestamptz,
      lease_until = now() + interval '${LEASE_SECONDS} seconds'
    where id = $1::bigint and status = 'queued'
    returning *)
  ${WHOLE}`;

/** $1 batch, $2 worker, $3 limit. Those that somebody else holds at this moment are left to him. */
const TAKE_CANCELLED = `
  with run as (
    update runs set status = 'running', worker_id = $2::uuid, fence = fence + 1,
      lease_until = now() + interval '${LEASE_SECONDS} seconds'
    where id in (
      select id from runs where batch_id = $1::bigint and status = 'queued' and cancel_requested_at is not null
      order by id limit $3::integer for update skip locked)
    returning *)
  ${WHOLE}`;

/** $1 Message Batch, $2 worker, $3 runs. Whoever takes in the same results at the same time waits, and finds them ended. */
const TAKE_SENT = `
  with run as (
    update runs set worker_id = $2::uuid, fence = fence + 1
    where id in (
      select id from runs where message_batch_id = $1::bigint and status = 'running' and id = any($3::bigint[])
      order by id for update)
    returning *)
  ${WHOLE}`;

/** A queued run as it was read, for a claim that need not read it then. */
export interface QueuedRun {
  readonly run: Run;
  /** It has not been anybody's since while this is its fence. */
  readonly fence: number;
  /** Number of its last stored event. */
  readonly lastEvent: number;
}

/** A run that a worker has taken, from the queue to call Claude for it at once, or to end it. */
export interface ClaimedRun extends QueuedRun {
  /** Whether its owner wants it cancelled: then it is not sent. */
  readonly cancelRequested: boolean;
}

interface WholeRow extends RunRow {
  fence: number;
  cancel_requested_at: Date | null;
  last_event: number;
}

interface ClaimRow {
  id: RunId;
  fence: number;
  cancel_requested: boolean;
}

/** Takes queued runs, several by one statement. */
@Injectable()
export class RunClaimsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** Those of the runs that are queued. */
  async readQueued(ids: readonly RunId[]): Promise<ReadonlyMap<RunId, QueuedRun>> {
    if (ids.length === 0) return new Map();
    const rows = await this.transaction.sql<WholeRow>(READ_QUEUED, [ids]);
    return new Map(rows.map((row) => [row.id, toQueuedRun(row)]));
  }

  /**
   * Takes those of the runs that are queued as they were read, and that nobody else is about to change. Their first calls go
   * out right after the commit, save for those that are to be cancelled.
   * @param at names the claim: with the same time it may be said again until it is answered, and then never again
   */
  async claimAll(queued: readonly QueuedRun[], workerId: string, at: Date): Promise<ReadonlyMap<RunId, ClaimedRun>> {
    const asked = JSON.stringify(queued.map(({ run: { id }, fence }) => ({ id, fence })));
    const rows = await this.transaction.sql<ClaimRow>(CLAIM_ALL, [asked, workerId, at]);
    const claims = new Map(rows.map((row) => [row.id, row]));
    return new Map(
      queued.flatMap(({ run, lastEvent }) => {
        const claim = claims.get(run.id);
        if (!claim) return [];
        const { fence, cancel_requested: cancelRequested } = claim;
        return [[run.id, { run: cancelRequested ? begun(run, at) : sent(run, at), fence, lastEvent, cancelRequested }]];
      }),
    );
  }

  /** Takes a queued run, which is not sent yet. Null when it is not queued any more. */
  async claim(id: RunId, workerId: string, at: Date): Promise<ClaimedRun | null> {
    const [row] = await this.transaction.sql<WholeRow>(CLAIM, [id, workerId, at]);
    return row ? toTakenRun(row) : null;
  }

  /** Takes queued runs of a batch that are to be cancelled, as many as `limit`. Their attempts were not sent. */
  async takeCancelled(batchId: number, workerId: string, limit: number): Promise<ClaimedRun[]> {
    return (await this.transaction.sql<WholeRow>(TAKE_CANCELLED, [batchId, workerId, limit])).map(toTakenRun);
  }

  /** Takes those of these runs that went to Claude with this Message Batch and have not ended. */
  async takeSent(messageBatchId: number, workerId: string, ids: readonly RunId[]): Promise<ClaimedRun[]> {
    return (await this.transaction.sql<WholeRow>(TAKE_SENT, [messageBatchId, workerId, ids])).map(toTakenRun);
  }
}

function toQueuedRun(row: WholeRow): QueuedRun {
  return { run: toRun(row), fence: row.fence, lastEvent: row.last_event };
}

function toTakenRun(row: WholeRow): ClaimedRun {
  return { ...toQueuedRun(row), cancelRequested: row.cancel_requested_at !== null };
}

function begun(run: Run, at: Date): Run {
  return { ...run, status: 'running', startedAt: at };
}

function sent(run: Run, at: Date): Run {
  const attempts = run.attempts.map((attempt) =>
    attempt.state === 'intent' ? { ...attempt, state: 'sent' as const, startedAt: at } : attempt,
  );
  return { ...begun(run, at), attempts };
}
