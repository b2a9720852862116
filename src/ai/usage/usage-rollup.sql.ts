const SUMS = `runs, input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens, cost_nano_usd,
  unknown_max_nano_usd`;

/**
 * A CTE that adds a run to its rollup, for the statement that ends the run: so it is counted exactly once. It reads from the
 * CTEs `held` (the row of `runs` as it is now) and `money` (`counted`: what this statement adds to what the user has spent).
 * Reading `money` also keeps the order of locks, the user before the rollup, in every statement.
 * @param first number of the first parameter of five: what the attempts before the last count, and the four counts of tokens
 * @param counted what the last attempt counts, for when it was closed before
 */
export function countUsage(first: number, counted: string): string {
  const [earlier, ...tokens] = Array.from({ length: 5 }, (_, index) => `$${first + index}::bigint`);
  const added = SUMS.split(/,\s*/).map((sum) => `${sum} = usage_rollups.${sum} + excluded.${sum}`);
  return `
  rollup as (
    insert into usage_rollups (user_id, day, model, research_item_id, ${SUMS})
    select user_id, (finished_at at time zone 'UTC')::date, model, research_item_id, 1, ${tokens.join(', ')},
      coalesce(cost_nano_usd, 0),
      ${earlier} + coalesce((select counted from money), ${counted}::bigint, 0) - coalesce(cost_nano_usd, 0)
    from held
    on conflict (user_id, day, model, research_item_id) do update set ${added.join(', ')})`;
}

/**
 * The same for many runs at once.
 * @param used a CTE with a row for each: its user, model, item, `finished_at` and what it adds to each sum but `runs`
 */
export function countUsageOfAll(used: string): string {
  const sums = SUMS.split(/,\s*/);
  const added = sums.map((sum) => `${sum} = usage_rollups.${sum} + excluded.${sum}`);
  const totals = sums.map((sum) => (sum === 'runs' ? 'count(*)' : `sum(${sum})::bigint`));
  return `
  rollup as (
    insert into usage_rollups (user_id, day, model, research_item_id, ${SUMS})
    select user_id, (finished_at at time zone 'UTC')::date as day, model, research_item_id, ${totals.join(', ')}
    from ${used} group by user_id, day, model, research_item_id order by user_id, day, model, research_item_id
    on conflict (user_id, day, model, research_item_id) do update set ${added.join(', ')})`;
}
