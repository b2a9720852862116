import { Injectable } from '@nestjs/common';
import type { UserId } from '../identity/user-id.js';
import { Transaction } from '../platform/database/transaction.js';
import { nanoUsd } from '../platform/money/money.js';
import type { Statistics } from './statistics.types.js';

/** Sums are numeric in SQL, and come as text. */
type StatisticsRow = Readonly<
  Record<
    'research_items' | 'prompts' | 'unfinished' | 'finished' | 'succeeded' | 'failed' | 'input' | 'output' | 'cost',
    string
  >
>;

/**
 * $1 owner. One statement, so that all is of one moment. Runs are read from what is kept by day, but for the few that are not
 * finished.
 */
const COMPUTE = `
  select items.count as research_items, prompts.count as prompts, unfinished.count::text as unfinished, finished.*
  from
    (select coalesce(sum(rows), 0) as count from owned_counts
      where user_id = $1::bigint and table_name = 'research_items') items,
    (select coalesce(sum(rows), 0) as count from owned_counts
      where user_id = $1::bigint and table_name = 'prompts') prompts,
    (select count(*) from runs where user_id = $1::bigint and status in ('queued', 'running')) unfinished,
    (select coalesce(sum(runs), 0) as finished, coalesce(sum(succeeded), 0) as succeeded, coalesce(sum(failed), 0) as failed,
      coalesce(sum(input_tokens), 0) as input, coalesce(sum(output_tokens), 0) as output,
      coalesce(sum(cost_nano_usd), 0) as cost
      from daily_usage where user_id = $1::bigint) finished`;

/** Reads what statistics are made of. */
@Injectable()
export class StatisticsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** The statistics of this moment, by one query that reads few rows however much the owner has. */
  async compute(owner: UserId): Promise<Statistics> {
    const [row] = await this.transaction.sql<StatisticsRow>(COMPUTE, [owner]);
    if (!row) throw new Error('Sums without groups gave no row');
    const succeeded = Number(row.succeeded);
    return {
      researchItems: Number(row.research_items),
      prompts: Number(row.prompts),
      runs: { total: Number(row.finished) + Number(row.unfinished), succeeded, failed: Number(row.failed) },
      tokens: { input: Number(row.input), output: Number(row.output) },
      costNanoUsd: nanoUsd(BigInt(row.cost)),
    };
  }
}
