import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { Transaction } from '../../../platform/database/transaction.js';
import type { Hold } from '../ledger/run-ledger.repository.js';
import type { RunEvent, RunId, RunStatus } from '../run.types.js';

/** Delta events to be stored for one run. */
export interface EventAppend {
  readonly hold: Hold;
  readonly event: RunEvent;
}

const APPEND = `
  insert into run_events (run_id, sequence, user_id, name, data)
  select runs.id, e.sequence, runs.user_id, e.name, e.data
  from unnest($1::bigint[], $2::uuid[], $3::integer[], $4::integer[], $5::text[], $6::text[])
    as e (run_id, worker_id, fence, sequence, name, data)
  cross join lateral (select id, user_id, worker_id, fence, status from runs where id = e.run_id offset 0) as runs
  where runs.worker_id = e.worker_id and runs.fence = e.fence and runs.status = 'running'
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
