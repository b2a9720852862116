import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import { type RunRow, toRun } from '../run.rows.js';
import type { Run, RunAttempt, RunId } from '../run.types.js';
import { LEASE, statusIs } from './run-ledger.sql.js';

/** Ends a statement: the rows of its `run`, each with its attempts and the number of its last event. */
const SELECT_RUN = `
  select run.*,
    (select coalesce(jsonb_agg(to_jsonb(a) order by a.number), '[]') from run_attempts a where a.run_id = run.id) as attempts,
    (select coalesce(max(sequence), 0) from run_events e where e.run_id = run.id) as last_event
  from run`;

/** $1 runs. */
const FIND_QUEUED = `
  with run as (
    select runs.* from unnest($1::bigint[]) as asked (id)
      cross join lateral (select * from runs where id = asked.id offset 0) as runs
    where runs.status = 'queued')
  ${SELECT_RUN}`;

/**
 * $1 the runs and their fences as JSON, $2 worker, $3 time. What is to be cancelled is claimed, but not sent. A run that somebody
 * else holds at this moment is passed over: who waits while holding other runs may be waited for. Said again with the same
 * time it takes the same again: the answer may have been lost, and who has not heard that it holds a run does not work on it.
 * Each run is locked for as long as it is looked at, also one that is not taken. (How they are looked up: see `statusIs`.)
 *
 * The planner takes JSON for a hundred rows whatever it holds, so it plans once and not at each claim (0.4 ms each, measured with
 * arrays).
 */
const CLAIM_ALL = `
  with asked as (select * from json_to_recordset($1::json) as a (id bigint, fence integer)),
  free as (
    select runs.id from asked cross join lateral (
      select id, status, fence, worker_id, started_at from runs where id = asked.id offset 0
      for no key update skip locked) as runs
    where runs.status = 'queued' and runs.fence = asked.fence
      or runs.status = 'running' and runs.worker_id = $2::uuid and runs.started_at = $3::timestamptz),
  run as (
    update runs set status = 'running', worker_id = $2::uuid, fence = fence + 1, started_at = $3::timestamptz,
      lease_until = ${LEASE}
    from free where runs.id = free.id
    returning runs.id, runs.fence, runs.cancel_requested_at is not null as "cancelRequested"),
  attempt as (
    update run_attempts a set state = 'sent', started_at = $3::timestamptz
    from run
    where a.run_id = run.id and a.state = 'intent' and not run."cancelRequested")
  select * from run`;

/** $1 run, $2 worker, $3 time. It waits for whoever holds the run at this moment. Its first attempt is yet to be sent. */
const CLAIM = `
  with run as (
    update runs set status = 'running', worker_id = $2::uuid, fence = fence + 1, started_at = $3::timestamptz,
      lease_until = ${LEASE}
    where id = $1::bigint and ${statusIs(`= 'queued'`)}
    returning *)
  ${SELECT_RUN}`;

/** $1 batch, $2 worker, $3 limit. Those that somebody else holds at this moment are left to him. */
const TAKE_CANCELLED = `
  with run as (
    update runs set status = 'running', worker_id = $2::uuid, fence = fence + 1,
      lease_until = ${LEASE}
    where id in (
      select id from runs where batch_id = $1::bigint and status = 'queued' and cancel_requested_at is not null
      order by id limit $3::integer for update skip locked)
    returning *)
  ${SELECT_RUN}`;

/** $1 Message Batch, $2 worker, $3 runs. Whoever takes in the same results at the same time waits, and finds them ended. */
const TAKE_SENT = `
  with run as (
    update runs set worker_id = $2::uuid, fence = fence + 1
    where id in (
      select runs.id from (select * from unnest($3::bigint[]) as a (id) order by id) as asked cross join lateral (
        select id, status, message_batch_id from runs where id = asked.id offset 0 for update) as runs
      where runs.message_batch_id = $1::bigint and runs.status = 'running')
    returning *)
  ${SELECT_RUN}`;

/** A run as it was read or taken. */
interface StoredRun {
  readonly run: Run;
  /** Rises whenever a worker takes the run: as long as it is the same, nobody has had the run since. */
  readonly fence: number;
  /** Number of its last stored event. */
  readonly lastEvent: number;
}

/** A queued run, read ahead so that its claim need not read it. */
export type QueuedRun = StoredRun;

/** A run that a worker has taken: to call Claude for it at once, or to end it. */
export interface ClaimedRun extends StoredRun {
  /** Whether its owner wants it cancelled: then it is not sent. */
  readonly cancelRequested: boolean;
}

interface StoredRow extends RunRow {
  fence: number;
  cancel_requested_at: Date | null;
  last_event: number;
}

interface ClaimRow {
  id: RunId;
  fence: number;
  cancelRequested: boolean;
}

/** Finds queued runs, and takes runs for a worker. */
@Injectable()
export class RunClaimsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** Those of the runs that are queued. */
  async findQueued(ids: readonly RunId[]): Promise<ReadonlyMap<RunId, QueuedRun>> {
    if (ids.length === 0) return new Map();
    const rows = await this.transaction.sql<StoredRow>(FIND_QUEUED, [ids]);
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
    const claimed = queued.flatMap((one) => {
      const claim = claims.get(one.run.id);
      return claim ? [toClaimedRun(one, claim, at)] : [];
    });
    return new Map(claimed.map((one) => [one.run.id, one]));
  }

  /** Takes a queued run, which is not sent yet. Null when it is not queued any more. */
  async claim(id: RunId, workerId: string, at: Date): Promise<ClaimedRun | null> {
    const [row] = await this.transaction.sql<StoredRow>(CLAIM, [id, workerId, at]);
    return row ? toTakenRun(row) : null;
  }

  /** Takes queued runs of a batch that are to be cancelled, as many as `limit`. Their attempts were not sent. */
  async takeCancelled(batchId: number, workerId: string, limit: number): Promise<ClaimedRun[]> {
    return (await this.transaction.sql<StoredRow>(TAKE_CANCELLED, [batchId, workerId, limit])).map(toTakenRun);
  }

  /** Takes those of these runs that went to Claude with this Message Batch and have not ended. */
  async takeSent(messageBatchId: number, workerId: string, ids: readonly RunId[]): Promise<ClaimedRun[]> {
    return (await this.transaction.sql<StoredRow>(TAKE_SENT, [messageBatchId, workerId, ids])).map(toTakenRun);
  }
}

function toQueuedRun(row: StoredRow): QueuedRun {
  return { run: toRun(row), fence: row.fence, lastEvent: row.last_event };
}

function toTakenRun(row: StoredRow): ClaimedRun {
  return { ...toQueuedRun(row), cancelRequested: row.cancel_requested_at !== null };
}

/** The run as `CLAIM_ALL` has left it, of what was read before: the statement answers only what may have changed. */
function toClaimedRun({ run, lastEvent }: QueuedRun, { fence, cancelRequested }: ClaimRow, at: Date): ClaimedRun {
  const attempts = cancelRequested ? run.attempts : run.attempts.map((attempt) => sentAt(attempt, at));
  return { run: { ...run, status: 'running', startedAt: at, attempts }, fence, lastEvent, cancelRequested };
}

function sentAt(attempt: RunAttempt, at: Date): RunAttempt {
  return attempt.state === 'intent' ? { ...attempt, state: 'sent', startedAt: at } : attempt;
}
