import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import type { Hold } from '../ledger/run-ledger.repository.js';
import { LEASE, statusIs } from '../ledger/run-ledger.sql.js';
import type { RunId } from '../run.types.js';

/** A row that is locked is passed over: one run whose write has to wait may not cost the others their leases. */
const RENEW = `
  update runs set lease_until = ${LEASE}
  where id in (
    select runs.id from unnest($2::bigint[]) as known (id) cross join lateral (
      select id, worker_id, status from runs where id = known.id offset 0 for no key update skip locked) as runs
    where runs.worker_id = $1::uuid and runs.status = 'running')`;
const EXPIRE_OTHERS = `update runs set lease_until = now() where status = 'running' and worker_id <> $1::uuid`;
const FIND_EXPIRED = `select id from runs where status = 'running' and lease_until <= now() order by id limit 500`;
const TAKE_OVER = `
  update runs set worker_id = $2::uuid, fence = fence + 1, lease_until = ${LEASE}
  where id = (select id from runs where id = $1::bigint and ${statusIs(`= 'running'`)} and lease_until <= now()
    for update skip locked)
  returning fence, cancel_requested_at is not null as "cancelRequested"`;
const GIVE_BACK = `
  update runs set status = 'queued', worker_id = null, lease_until = null, started_at = null
  where id = $1::bigint and worker_id = $2::uuid and fence = $3::integer and ${statusIs(`= 'running'`)} returning id`;

/** A run that was taken from a worker that is lost. */
export interface TakenOver {
  readonly fence: number;
  /** Whether its owner wants it cancelled. */
  readonly cancelRequested: boolean;
}

/** Who works on which run, and until when that counts. */
@Injectable()
export class RunLeasesRepository {
  constructor(private readonly transaction: Transaction) {}

  /**
   * Renews the leases of the runs that a worker knows it works on. A run that it accepted without learning so, because the
   * database's answer was lost, is not among them and is recovered like one of a lost worker.
   */
  async renew(workerId: string, ids: readonly RunId[]): Promise<void> {
    await this.transaction.sql(RENEW, [workerId, ids]);
  }

  /** Ends the leases of every other worker. */
  async expireOthers(workerId: string): Promise<void> {
    await this.transaction.sql(EXPIRE_OTHERS, [workerId]);
  }

  /** Running runs whose worker has been silent for too long. */
  async findExpired(): Promise<RunId[]> {
    const rows = await this.transaction.sql<{ id: RunId }>(FIND_EXPIRED);
    return rows.map(({ id }) => id);
  }

  /** Takes a run whose lease has ended; null when somebody else was quicker. */
  async takeOver(id: RunId, workerId: string): Promise<TakenOver | null> {
    const [row] = await this.transaction.sql<TakenOver>(TAKE_OVER, [id, workerId]);
    return row ?? null;
  }

  /** Puts a run that was never sent back among the queued ones. False: the run is no longer ours. */
  async giveBack({ runId, workerId, fence }: Hold): Promise<boolean> {
    return (await this.transaction.sql(GIVE_BACK, [runId, workerId, fence])).length > 0;
  }
}
