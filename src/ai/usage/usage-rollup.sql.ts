const SUMS = [
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'cost_nano_usd',
  'unknown_max_nano_usd',
];

/** Adds the rows of the CTE `used`, by key, to a table of sums. `counts`: columns that count rows, with the condition of each. */
function addUsage(table: string, key: string, counts: Readonly<Record<string, string>>, condition: string): string {
  const columns = [...Object.keys(counts), ...SUMS];
  const counted = Object.values(counts).map((which) => `count(*) filter (where ${which})`);
  const added = columns.map((column) => `${column} = ${table}.${column} + excluded.${column}`);
  return `
    insert into ${table} (${key}, ${columns.join(', ')})
    select ${key}, ${[...counted, ...SUMS.map((sum) => `sum(${sum})`)].join(', ')}
    from used where ${condition} group by ${key} order by ${key}
    on conflict (${key}) do update set ${added.join(', ')}`;
}

/**
 * CTEs that add finished runs to all rollups. They read the CTE `used`, with a row for each run: user_id, day, model,
 * research_item_id, status, the four counts of tokens, cost_nano_usd, unknown_max_nano_usd.
 *
 * The second reads the first, which keeps the order of locks in every statement: of CTEs that nobody reads PostgreSQL begins
 * with the last.
 */
export const ROLL_UP = `
  daily as (${addUsage(
    'daily_usage',
    'user_id, day, model',
    { runs: 'true', succeeded: `status = 'succeeded'`, failed: `status = 'failed'` },
    'true',
  )} returning user_id),
  rollup as (${addUsage(
    'usage_rollups',
    'user_id, day, model, research_item_id',
    { runs: 'true' },
    '(select count(*) from daily) > 0',
  )})`;

/**
 * CTEs that add a run to its rollups, for the statement that ends the run: so it is counted exactly once. They read from the
 * CTEs `held` (the row of `runs` as it is now) and `money` (`counted`: what this statement adds to what the user has spent).
 * Reading `money` also keeps the order of locks, the user before the rollups, in every statement.
 * @param first number of the first parameter of five: what the attempts before the last count, and the four counts of tokens
 * @param counted what the last attempt counts, for when it was closed before
 */
export function countUsage(first: number, counted: string): string {
  const [earlier, input, output, creation, read] = Array.from({ length: 5 }, (_, index) => `$${first + index}::bigint`);
  return `
  used as (
    select user_id, (finished_at at time zone 'UTC')::date as day, model, research_item_id, status,
      ${input} as input_tokens, ${output} as output_tokens, ${creation} as cache_creation_input_tokens,
      ${read} as cache_read_input_tokens, coalesce(cost_nano_usd, 0) as cost_nano_usd,
      ${earlier} + coalesce((select counted from money), ${counted}::bigint, 0) - coalesce(cost_nano_usd, 0)
        as unknown_max_nano_usd
    from held),
  ${ROLL_UP}`;
}
