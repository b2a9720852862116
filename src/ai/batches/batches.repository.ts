import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Transaction } from '../../platform/database/transaction.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import type { ResearchItemId } from '../../prompts/parent-item.js';
import type { PromptId } from '../../prompts/prompts.types.js';
import type { RunParents } from '../runs/ledger/run-groups.repository.js';
import type { RunId } from '../runs/run.types.js';
import { standingOf, type Tally } from './batch-tally.js';
import { BatchNotFoundError } from './batch.errors.js';
import { type BatchId, type BatchMode, type BatchView, isOver } from './batch.types.js';

interface BatchRow {
  id: BatchId;
  user_id: UserId;
  mode: BatchMode;
  created_at: Date;
  cancel_requested: boolean;
  round: number;
  kept: boolean;
  tallies: Tally[];
}

const TALLIES = `
  select json_agg(t) from (
    select status, batch_index is null as replaced, count(*)::integer as runs,
      coalesce(sum(cost_nano_usd), 0) as cost_nano_usd, max(finished_at) as finished_at
    from runs where runs.batch_id = b.id group by 1, 2) t`;
const COLUMNS = `
  b.id, b.user_id, b.mode, b.created_at, b.cancel_requested_at is not null as cancel_requested, b.round,
  b.outcome is not null as kept, coalesce(b.outcome, (${TALLIES})) as tallies`;
const FIND = `select ${COLUMNS} from batches b where b.id = $1::bigint and b.user_id = $2::bigint`;
const PAGE = `
  select ${COLUMNS} from batches b
  where b.user_id = $1::bigint and b.id < coalesce($2::bigint, 9223372036854775807) order by b.id desc limit $3::integer`;
/** Runs that a retry replaces. */
const FAILED = `batch_index is not null and status in ('failed', 'interrupted')`;
const KEEP_OUTCOME = `
  update batches set outcome = $3::json where id = $1::bigint and round = $2::integer and outcome is null`;

/** Batches, and how they stand. */
@Injectable()
export class BatchesRepository {
  constructor(private readonly transaction: Transaction) {}

  async insert(owner: UserId, mode: BatchMode): Promise<BatchId> {
    const [row] = await this.transaction.sql<{ id: BatchId }>(
      'insert into batches (user_id, mode, created_at) values ($1, $2, $3) returning id',
      [owner, mode, new Date()],
    );
    if (!row) throw new Error('An insert answered no row');
    return row.id;
  }

  /** A batch as it stands, by one query; null when the owner has none of this id. */
  async find(owner: UserId, id: BatchId): Promise<BatchView | null> {
    const [row] = await this.transaction.sql<BatchRow>(FIND, [id, owner]);
    return row ? this.viewOf(row) : null;
  }

  /** @throws BatchNotFoundError */
  async get(owner: UserId, id: BatchId): Promise<BatchView> {
    const batch = await this.find(owner, id);
    if (!batch) throw new BatchNotFoundError(id);
    return batch;
  }

  /** One page of the owner's batches, newest first. */
  async findPage(owner: UserId, { beforeId, limit }: PageRequest): Promise<Slice<BatchView>> {
    const rows = await this.transaction.sql<BatchRow>(PAGE, [owner, beforeId, limit + 1]);
    const views: BatchView[] = [];
    for (const row of rows.slice(0, limit)) views.push(await this.viewOf(row));
    return { rows: views, more: rows.length > limit };
  }

  /** Holds the batch until the transaction ends, so that retries and cancellations come one by one. @throws BatchNotFoundError */
  async lock(owner: UserId, id: BatchId): Promise<void> {
    const rows = await this.transaction.sql('select from batches where id = $1 and user_id = $2 for no key update', [
      id,
      owner,
    ]);
    if (rows.length === 0) throw new BatchNotFoundError(id);
  }

  /** Notes, for the batch and its unfinished runs, that they are to be cancelled. Their workers look here. */
  async requestCancel(id: BatchId): Promise<void> {
    await this.transaction.sql('update batches set cancel_requested_at = now() where id = $1', [id]);
    // In the order of their ids, as all who lock many: so nobody waits for a run of another who waits for one of theirs.
    await this.transaction.sql(
      `with unfinished as (
         select id from runs where batch_id = $1 and status in ('queued', 'running') and cancel_requested_at is null
         order by id for no key update)
       update runs set cancel_requested_at = now() from unfinished where runs.id = unfinished.id`,
      [id],
    );
  }

  /** What the failed and interrupted runs hang on. */
  async findParentsOfFailed(id: BatchId): Promise<RunParents> {
    const [row] = await this.transaction.sql<{ items: ResearchItemId[] | null; prompts: PromptId[] | null }>(
      `select array_agg(distinct research_item_id) filter (where research_item_id is not null) as items,
         array_agg(distinct prompt_id) filter (where prompt_id is not null) as prompts
       from runs where batch_id = $1 and ${FAILED}`,
      [id],
    );
    return { itemIds: row?.items ?? [], promptIds: row?.prompts ?? [] };
  }

  /** Takes the failed and interrupted runs out of their places, for others to take these; answers them in input order. */
  async replaceFailed(id: BatchId): Promise<{ runId: RunId; index: number; customId: string | null }[]> {
    const rows = await this.transaction.sql<{ id: RunId; batch_index: number; custom_id: string | null }>(
      `with failed as (
         select id, batch_index, custom_id from runs
         where batch_id = $1 and ${FAILED} order by id for no key update),
       replaced as (update runs set batch_index = null from failed where runs.id = failed.id)
       select * from failed order by batch_index`,
      [id],
    );
    return rows.map((row) => ({ runId: row.id, index: row.batch_index, customId: row.custom_id }));
  }

  /** Opens a batch once more: what was known of its end counts no longer. */
  async reopen(id: BatchId): Promise<void> {
    await this.transaction.sql(
      'update batches set round = round + 1, outcome = null, cancel_requested_at = null where id = $1',
      [id],
    );
  }

  private async viewOf(row: BatchRow): Promise<BatchView> {
    const standing = standingOf(row.tallies, row.cancel_requested);
    if (!row.kept && isOver(standing.status)) {
      await this.transaction.sql(KEEP_OUTCOME, [row.id, row.round, JSON.stringify(row.tallies)]);
    }
    const { id, user_id: userId, mode, created_at: createdAt, cancel_requested: cancelRequested } = row;
    return { id, userId, mode, createdAt, cancelRequested, ...standing };
  }
}
