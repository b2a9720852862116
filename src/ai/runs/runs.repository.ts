import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Transaction } from '../../platform/database/transaction.js';
import { OwnedQuery } from '../../platform/paging/owned-query.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import { RunEntity } from './run.entity.js';
import { type RunRow, toRun, toRunSummary } from './run.rows.js';
import type { Run, RunId, RunStatus, RunSummary } from './run.types.js';

/** What the list of runs can be narrowed to. */
export interface RunFilters {
  readonly status?: RunStatus | undefined;
  readonly promptId?: number | undefined;
  readonly researchItemId?: number | undefined;
  readonly batchId?: number | undefined;
}

const SUMMARY_COLUMNS = [
  'status',
  'promptId',
  'promptVersion',
  'researchItemId',
  'batchId',
  'model',
  'settings',
  'stopReason',
  'usage',
  'costNanoUsd',
  'billingState',
  'billingMinNanoUsd',
  'billingMaxNanoUsd',
  'errorType',
  'errorDetail',
  'simulated',
  'createdAt',
  'startedAt',
  'finishedAt',
  'userId',
] as const;

const FIND_ALL = `
  select runs.*, (
    select coalesce(jsonb_agg(to_jsonb(a) order by a.number), '[]') from run_attempts a where a.run_id = runs.id
  ) as attempts
  from runs`;

const FIND = `${FIND_ALL} where id = $1::bigint`;

const FIND_MANY = `${FIND_ALL} where id = any($1::bigint[]) and user_id = $2::bigint order by id desc`;

/** Reads runs. */
@Injectable()
export class RunsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** A run with its attempts, by one query; null when the owner has none of this id. */
  async find(owner: UserId, id: RunId): Promise<Run | null> {
    const [row] = await this.transaction.sql<RunRow>(`${FIND} and user_id = $2::bigint`, [id, owner]);
    return row ? toRun(row) : null;
  }

  /** Those of these runs that the owner has, with their attempts, newest first, by one query. */
  async findMany(owner: UserId, ids: readonly RunId[]): Promise<Run[]> {
    return (await this.transaction.sql<RunRow>(FIND_MANY, [ids, owner])).map(toRun);
  }

  /** A run whoever owns it: for the workers alone. */
  async findForWorker(id: RunId): Promise<Run | null> {
    const [row] = await this.transaction.sql<RunRow>(FIND, [id]);
    return row ? toRun(row) : null;
  }

  /** The runs that go to Claude with a Message Batch and have no end yet, whoever owns them: for the workers alone. */
  async findSentWith(messageBatchId: number): Promise<Run[]> {
    const text = `${FIND_ALL} where message_batch_id = $1::bigint and status = 'running' order by id`;
    return (await this.transaction.sql<RunRow>(text, [messageBatchId])).map(toRun);
  }

  /** One page of the owner's runs, newest first, without their large texts. */
  async findPage(owner: UserId, filters: RunFilters, page: PageRequest): Promise<Slice<RunSummary>> {
    const { rows, more } = await OwnedQuery.of(this.transaction.manager, RunEntity, owner)
      .select(SUMMARY_COLUMNS)
      .where('status', filters.status)
      .where('promptId', filters.promptId)
      .where('researchItemId', filters.researchItemId)
      .where('batchId', filters.batchId)
      .newestFirst(page)
      .slice();
    return { rows: rows.map(toRunSummary), more };
  }
}
