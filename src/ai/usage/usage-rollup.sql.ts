const TOKENS = ['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'] as const;
const SUMS = ['runs', ...TOKENS, 'cost_nano_usd', 'unknown_max_nano_usd'] as const;

/**
 * A CTE that adds a run to its rollup, for the statement that ends the run: so it is counted exactly once. It reads from the
 * CTEs `held` (the row of `runs` as it is now) and `money` (`counted`: what this statement adds to what the user has spent).
 * Reading `money` also keeps the order of locks, the user before the rollup, in every statement.
 */
export const COUNT_USAGE = `
  rollup as (
    insert into usage_rollups (user_id, day, model, research_item_id, ${SUMS.join(', ')})
    select held.user_id, (held.finished_at at time zone 'UTC')::date, held.model, held.research_item_id, 1,
      ${TOKENS.map((count) => `coalesce((held.usage->>'${count}')::bigint, 0)`).join(', ')},
      coalesce(held.cost_nano_usd, 0),
      coalesce((select sum(counted) from money), 0) + coalesce(earlier.counted, 0) - coalesce(held.cost_nano_usd, 0)
    from held cross join lateral (
      select sum(coalesce(a.max_nano_usd, a.reserved_nano_usd, 0)) as counted
      from run_attempts a where a.run_id = held.id and a.state in ('settled', 'unknown')) earlier
    on conflict (user_id, day, model, research_item_id) do update set
      ${SUMS.map((sum) => `${sum} = usage_rollups.${sum} + excluded.${sum}`).join(', ')})`;
