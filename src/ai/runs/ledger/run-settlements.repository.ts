import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import type { RunId } from '../run.types.js';
import { type Settlement, settlementValues } from './run-ledger.repository.js';

/** The columns of `settlementValues`, but for the events. */
const COLUMNS = {
  id: 'bigint',
  worker_id: 'uuid',
  fence: 'integer',
  status: 'text',
  output_text: 'text',
  output: 'text',
  sources: 'text',
  stop_reason: 'text',
  usage: 'text',
  cost: 'bigint',
  billing_state: 'text',
  billing_min: 'bigint',
  billing_max: 'bigint',
  error_type: 'text',
  error_detail: 'text',
  finished_at: 'timestamptz',
  price: 'text',
  number: 'integer',
  state: 'text',
  duration: 'integer',
  status_code: 'integer',
  failure: 'text',
  request_id: 'text',
  min: 'bigint',
  max: 'bigint',
  counted: 'bigint',
  earlier: 'bigint',
  input_tokens: 'bigint',
  output_tokens: 'bigint',
  cache_creation_tokens: 'bigint',
  cache_read_tokens: 'bigint',
} as const;

const LISTS = Object.values(COLUMNS).map((type, index) => `$${index + 1}::${type}[]`);
const EVENTS = LISTS.length;

/**
 * `SETTLE` for many runs of one user. What somebody else holds at this moment is passed over: who waits while holding other
 * runs may be waited for. From the runs on, locks are taken in the same order as there.
 */
const SETTLE_ALL = `
  with q as (select * from unnest(${LISTS.join(', ')}) as q (${Object.keys(COLUMNS).join(', ')})),
  free as (
    select runs.id from runs join q on q.id = runs.id and q.worker_id = runs.worker_id and q.fence = runs.fence
    where runs.status = 'running' order by runs.id for no key update of runs skip locked),
  held as (
    update runs set status = q.status, output_text = q.output_text, output = q.output::json, sources = q.sources::json,
      stop_reason = q.stop_reason, usage = q.usage::json, cost_nano_usd = q.cost, billing_state = q.billing_state,
      billing_min_nano_usd = q.billing_min, billing_max_nano_usd = q.billing_max, error_type = q.error_type,
      error_detail = q.error_detail, finished_at = q.finished_at, price = q.price::json, lease_until = null
    from q join free on free.id = q.id where runs.id = q.id
    returning runs.id, runs.user_id, runs.model, runs.research_item_id),
  attempt as (
    update run_attempts a set state = q.state, duration_ms = q.duration, status_code = q.status_code,
      error_type = q.failure, claude_request_id = q.request_id, min_nano_usd = q.min, max_nano_usd = q.max
    from held join q on q.id = held.id
    where a.run_id = held.id and a.number = q.number and a.state in ('intent', 'sent')
    returning a.user_id, coalesce(a.reserved_nano_usd, 0) as reserved, q.counted),
  money as (
    update users u set reserved_nano_usd = u.reserved_nano_usd - sums.reserved,
      spent_nano_usd = u.spent_nano_usd + sums.counted
    from (select user_id, sum(reserved)::bigint as reserved, sum(counted)::bigint as counted from attempt group by 1) sums
    where u.id = sums.user_id returning u.id),
  rollup as (
    insert into usage_rollups (user_id, day, model, research_item_id, runs, input_tokens, output_tokens,
      cache_creation_input_tokens, cache_read_input_tokens, cost_nano_usd, unknown_max_nano_usd)
    select held.user_id, (q.finished_at at time zone 'UTC')::date, held.model, held.research_item_id, count(*),
      sum(q.input_tokens), sum(q.output_tokens), sum(q.cache_creation_tokens), sum(q.cache_read_tokens),
      sum(coalesce(q.cost, 0)), sum(q.earlier + coalesce(q.counted, 0) - coalesce(q.cost, 0))
    from held join q on q.id = held.id
    where (select count(*) from money) >= 0
    group by 1, 2, 3, 4
    on conflict (user_id, day, model, research_item_id) do update set
      runs = usage_rollups.runs + excluded.runs,
      input_tokens = usage_rollups.input_tokens + excluded.input_tokens,
      output_tokens = usage_rollups.output_tokens + excluded.output_tokens,
      cache_creation_input_tokens = usage_rollups.cache_creation_input_tokens + excluded.cache_creation_input_tokens,
      cache_read_input_tokens = usage_rollups.cache_read_input_tokens + excluded.cache_read_input_tokens,
      cost_nano_usd = usage_rollups.cost_nano_usd + excluded.cost_nano_usd,
      unknown_max_nano_usd = usage_rollups.unknown_max_nano_usd + excluded.unknown_max_nano_usd),
  event as (
    insert into run_events (run_id, sequence, user_id, name, data)
    select held.id, e.sequence, held.user_id, e.name, e.data
    from held join unnest($${EVENTS + 1}::bigint[], $${EVENTS + 2}::integer[], $${EVENTS + 3}::text[], $${EVENTS + 4}::text[])
      as e (run_id, sequence, name, data) on e.run_id = held.id)
  select id from held`;

/** Records the ends of runs, many by one statement. */
@Injectable()
export class RunSettlementsRepository {
  constructor(private readonly transaction: Transaction) {}

  /**
   * Records the ends of runs of one user, as `RunLedgerRepository.settle` does.
   * @returns those that were recorded; of the others one by one is to be asked for
   */
  async settleAll(settlements: readonly Settlement[]): Promise<ReadonlySet<RunId>> {
    const rows = settlements.map((settlement) => {
      const { before, after } = settlementValues(settlement);
      return [...before, ...after];
    });
    const events = settlements.flatMap(({ hold, events: own }) =>
      own.map((event) => ({ runId: hold.runId, ...event })),
    );
    const ids = await this.transaction.sql<{ id: RunId }>(SETTLE_ALL, [
      ...Object.keys(COLUMNS).map((_, column) => rows.map((row) => row[column])),
      events.map(({ runId }) => runId),
      events.map(({ sequence }) => sequence),
      events.map(({ name }) => name),
      events.map(({ data }) => data),
    ]);
    return new Set(ids.map(({ id }) => id));
  }
}
