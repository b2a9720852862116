import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { statusIs } from '../ledger/run-ledger.sql.js';
import type { RunId, RunStatus } from '../run.types.js';

const REQUEST = `
  update runs set cancel_requested_at = coalesce(cancel_requested_at, now())
  where id = $1::bigint and user_id = $2::bigint
    and ${statusIs(`in ('queued', 'running')`)} and message_batch_id is null
  returning status, worker_id`;
const FIND_REQUESTED = `
  select id from runs where worker_id = $1::uuid and status = 'running' and cancel_requested_at is not null`;

/** Wishes that runs be cancelled. They are stored, since another process may be the one that works on the run. */
@Injectable()
export class RunCancellationsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** Notes the wish. Answers how the run stands, or null when the owner has none of this id that can be cancelled for itself. */
  async request(owner: UserId, id: RunId): Promise<{ status: RunStatus; workerId: string | null } | null> {
    const [row] = await this.transaction.sql<{ status: RunStatus; worker_id: string | null }>(REQUEST, [id, owner]);
    return row ? { status: row.status, workerId: row.worker_id } : null;
  }

  /** Runs of a worker that are to be cancelled. */
  async findRequested(workerId: string): Promise<RunId[]> {
    const rows = await this.transaction.sql<{ id: RunId }>(FIND_REQUESTED, [workerId]);
    return rows.map(({ id }) => id);
  }
}
