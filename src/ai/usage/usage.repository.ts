import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Transaction } from '../../platform/database/transaction.js';
import { nanoUsd } from '../../platform/money/money.js';
import type { DayRange } from '../../platform/time/day.js';
import type { ResearchItemId } from '../../prompts/parent-item.js';
import { MAX_GROUPS, type UsageGroup, type UsageShare, type UsageSums } from './usage.types.js';

/** Sums are numeric in SQL, and come as text. */
interface SumRow {
  runs: string;
  input_tokens: string;
  output_tokens: string;
  cache_creation_input_tokens: string;
  cache_read_input_tokens: string;
  cost: string;
  unknown_max: string;
}

interface GroupRow extends SumRow {
  /** Null in SQL only for the research item. */
  key: string | number | null;
}

/** What is grouped by, where it is kept, and the order of the groups. */
const GROUPING: Readonly<
  Record<UsageGroup, { readonly key: string; readonly source: string; readonly order: string }>
> = {
  day: { key: `to_char(u.day, 'YYYY-MM-DD')`, source: 'daily_usage u', order: 'key desc' },
  model: { key: 'u.model', source: 'daily_usage u', order: 'cost desc, u.model collate "C"' },
  research_item: {
    key: 'i.id',
    // The items are those that are still there.
    source: 'usage_rollups u left join research_items i on i.id = u.research_item_id and i.user_id = u.user_id',
    order: 'cost desc, i.id nulls last',
  },
};

/** $1 owner, $2 first day, $3 last day, $4 most groups. */
function sumsBy(group: UsageGroup): string {
  const { key, source, order } = GROUPING[group];
  return `
    select ${key} as key, sum(u.runs) as runs, sum(u.input_tokens) as input_tokens, sum(u.output_tokens) as output_tokens,
      sum(u.cache_creation_input_tokens) as cache_creation_input_tokens,
      sum(u.cache_read_input_tokens) as cache_read_input_tokens,
      sum(u.cost_nano_usd) as cost, sum(u.unknown_max_nano_usd) as unknown_max
    from ${source}
    where u.user_id = $1::bigint and u.day between $2::date and $3::date
    group by ${key} order by ${order} limit $4::integer`;
}

/** Reads the rollups. They are written by the statement that ends a run. */
@Injectable()
export class UsageRepository {
  constructor(private readonly transaction: Transaction) {}

  /**
   * What the owner's runs used that finished on these days: days newest first, models and items by cost, at most
   * `MAX_GROUPS` of them. One query.
   */
  async sumsBy(group: UsageGroup, owner: UserId, { from, to }: DayRange): Promise<UsageShare[]> {
    const rows = await this.transaction.sql<GroupRow>(sumsBy(group), [owner, from, to, MAX_GROUPS]);
    return rows.map((row) => toShare(group, row));
  }
}

function toShare(group: UsageGroup, row: GroupRow): UsageShare {
  const sums = toSums(row);
  if (group === 'day') return { ...sums, group, day: String(row.key) };
  if (group === 'model') return { ...sums, group, model: String(row.key) };
  return { ...sums, group, researchItemId: row.key as ResearchItemId | null };
}

function toSums(row: SumRow): UsageSums {
  return {
    runs: Number(row.runs),
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
    cacheCreationInputTokens: Number(row.cache_creation_input_tokens),
    cacheReadInputTokens: Number(row.cache_read_input_tokens),
    costNanoUsd: nanoUsd(BigInt(row.cost)),
    unknownMaxNanoUsd: nanoUsd(BigInt(row.unknown_max)),
  };
}
