import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { Transaction } from '../../../platform/database/transaction.js';
import type { NanoUsd } from '../../../platform/money/money.js';
import type { Hold } from '../ledger/run-ledger.repository.js';
import type { RunEvent, RunId, RunStatus } from '../run.types.js';

/** What is known of an attempt with the first text of its answer. */
export interface AttemptBeginning {
  readonly number: number;
  readonly requestId: string | null;
  /** What it costs at least. */
  readonly minNanoUsd: NanoUsd;
}

/** A delta event to be stored for one run. */
export interface EventAppend {
  readonly hold: Hold;
  readonly event: RunEvent;
  /** Of an attempt whose first text this is. */
  readonly beginning: AttemptBeginning | null;
}

/** The attempts that begin are named as a list, so that they are looked up by it however few there are (ADR 9). */
const APPEND = `
  with held as (
    select e.*, runs.user_id
    from unnest($1::bigint[], $2::uuid[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::integer[], $8::text[],
        $9::bigint[])
      as e (run_id, worker_id, fence, sequence, name, data, attempt, request_id, min_nano_usd)
    cross join lateral (select id, user_id, worker_id, fence, status from runs where id = e.run_id offset 0) as runs
    where runs.worker_id = e.worker_id and runs.fence = e.fence and runs.status = 'running'),
  begun as (
    update run_attempts a set status_code = 200, claude_request_id = held.request_id, min_nano_usd = held.min_nano_usd
    from held
    where a.run_id = any (array (select run_id from held where attempt is not null))
      and a.run_id = held.run_id and a.number = held.attempt and a.state = 'sent')
  insert into run_events (run_id, sequence, user_id, name, data)
  select run_id, sequence, user_id, name, data from held
  on conflict (run_id, sequence) do update set data = run_events.data
  returning run_id, data`;

/** Bytes of a page's events after which none is added: what a reader that does not read on makes the process hold. */
const PAGE_BYTES = 64 * 1024;

const FIND_AFTER = `
  select sequence, name, data from (
    select sequence, name, data, sum(octet_length(data)) over (order by sequence) - octet_length(data) as bytes_before
    from run_events
    where run_id = $1::bigint and user_id = $2::bigint and sequence > $3::integer
    order by sequence limit $4::integer) page
  where bytes_before < ${PAGE_BYTES} order by sequence`;

const POSITION = `
  select status, (select max(sequence) from run_events where run_id = runs.id) as last
  from runs where id = $1::bigint and user_id = $2::bigint`;

const FIND_TEXT = `
  select coalesce(string_agg(data::json ->> 'text', '' order by sequence) filter (where name = 'delta'), '') as text,
    coalesce(max(sequence), 0) as last
  from run_events where run_id = $1::bigint`;

/** The stored events of runs. */
@Injectable()
export class RunEventsRepository {
  constructor(private readonly transaction: Transaction) {}

  /**
   * Stores one event each of many runs, in one statement. Answers what then stands under each event's number (a write whose
   * answer was lost stays as it was), for the runs that are still held by their workers.
   */
  async append(appends: readonly EventAppend[]): Promise<ReadonlyMap<RunId, string>> {
    const rows = await this.transaction.sql<{ run_id: RunId; data: string }>(APPEND, [
      appends.map(({ hold }) => hold.runId),
      appends.map(({ hold }) => hold.workerId),
      appends.map(({ hold }) => hold.fence),
      appends.map(({ event }) => event.sequence),
      appends.map(({ event }) => event.name),
      appends.map(({ event }) => event.data),
      appends.map(({ beginning }) => beginning?.number ?? null),
      appends.map(({ beginning }) => beginning?.requestId ?? null),
      appends.map(({ beginning }) => beginning?.minNanoUsd ?? null),
    ]);
    return new Map(rows.map((row) => [row.run_id, row.data]));
  }

  /** Stored events behind a sequence number, in order: as many as `limit`, or as fill a page; none when there are none. */
  findAfter(owner: UserId, runId: RunId, sequence: number, limit: number): Promise<RunEvent[]> {
    return this.transaction.sql<RunEvent>(FIND_AFTER, [runId, owner, sequence, limit]);
  }

  /** Status of a run and the number of its last stored event; null when the owner has no such run. */
  async findPosition(owner: UserId, runId: RunId): Promise<{ status: RunStatus; last: number } | null> {
    const [row] = await this.transaction.sql<{ status: RunStatus; last: number | null }>(POSITION, [runId, owner]);
    return row ? { status: row.status, last: row.last ?? 0 } : null;
  }

  /** All stored text of a run's answer, and the number of its last event: for the workers alone. */
  async findText(runId: RunId): Promise<{ text: string; last: number }> {
    const [row] = await this.transaction.sql<{ text: string; last: number }>(FIND_TEXT, [runId]);
    return row ?? { text: '', last: 0 };
  }
}
