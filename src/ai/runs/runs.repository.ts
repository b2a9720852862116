import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Transaction } from '../../platform/database/transaction.js';
import { OwnedQuery } from '../../platform/paging/owned-query.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import { RunEntity } from './run.entity.js';
import { type RunRow, toRun, toRunSummary } from './run.rows.js';
import { type Run, RUN_STATUSES, type RunId, type RunStatus, type RunSummary } from './run.types.js';

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

  /** Runs in the order of their ids, whoever owns them: for the workers alone. */
  async findAllForWorker(ids: readonly RunId[]): Promise<Run[]> {
    const text = `${FIND_ALL} where id = any($1::bigint[]) order by id`;
    return (await this.transaction.sql<RunRow>(text, [ids])).map(toRun);
  }

  /** One page of the owner's runs, newest first, without their large texts. */
  async findPage(owner: UserId, filters: RunFilters, page: PageRequest): Promise<Slice<RunSummary>> {
    const query = OwnedQuery.of(this.transaction.manager, RunEntity, owner).select(SUMMARY_COLUMNS);
    const conditions = narrowingConditions(filters);
    if (conditions.length === 0) query.where('status', filters.status);
    else {
      const { beforeId, limit } = page;
      const statuses = filters.status === undefined ? RUN_STATUSES : [filters.status];
      const most = limit + 1;
      query.whereSql(newestOfEachStatus(conditions, beforeId !== null), { ...filters, statuses, beforeId, most });
    }
    const { rows, more } = await query.newestFirst(page).slice();
    return { rows: rows.map(toRunSummary), more };
  }
}

/** What narrows the list beside the status, as SQL over `r`: one condition that has an index, and what is left to check. */
function narrowingConditions({ batchId, promptId, researchItemId }: RunFilters): string[] {
  if (batchId !== undefined) {
    // A batch is small. `is not distinct from` is `=` that no index serves: the planner may not begin with a prompt's runs.
    const ofBatch = ['r.batch_id = :batchId'];
    if (promptId !== undefined) ofBatch.push('r.prompt_id is not distinct from :promptId::bigint');
    if (researchItemId !== undefined) ofBatch.push('r.research_item_id is not distinct from :researchItemId::bigint');
    return ofBatch;
  }
  if (promptId === undefined) return researchItemId === undefined ? [] : ['r.research_item_id = :researchItemId'];
  const ofPrompt = ['r.prompt_id = :promptId'];
  if (researchItemId !== undefined) {
    // Every run of a prompt is one of the prompt's item: so it is asked once, and not of each run.
    ofPrompt.push('exists (select from prompts p where p.id = :promptId and p.research_item_id = :researchItemId)');
  }
  return ofPrompt;
}

/**
 * The indexes by prompt, item and batch go by status before id, so that a rare or long past status is found at once too. The
 * newest of all are among the newest of each status: there are few of these to read, whatever the list is of.
 */
function newestOfEachStatus(conditions: readonly string[], continued: boolean): string {
  const all = [...conditions, 'r.status = one.status', ...(continued ? ['r.id < :beforeId'] : [])];
  return `"row".id in (
    select newest.id from unnest(:statuses::text[]) as one (status) cross join lateral (
      select r.id from runs r where ${all.join(' and ')} order by r.id desc limit :most) newest)`;
}
