import { ROLL_UP } from '../../usage/usage-rollup.sql.js';

/**
 * $1 the ends as JSON, of one user's runs or of several; what is JSON in a column is text in it, since PostgreSQL would refuse
 * escapes such as `\u0000` inside of an answer otherwise. The same as `SETTLE` does for one run, in the same order of
 * locks; a run that somebody else holds at this moment is passed over, since who waits while holding other runs may be waited for.
 * The sums for a user and for a rollup are made before they are added: a statement changes a row only once.
 *
 * Only the ends of runs that are held so go further: a run may be among them twice, under an old fence and its present one. (How they
 * are looked up: see `statusIs`.)
 */
export const SETTLE_ALL = `
  with asked as (
    select * from json_to_recordset($1::json) as e (
      run_id bigint, worker_id uuid, fence integer, status text, output_text text, output text, sources text,
      stop_reason text, usage text, cost bigint, billing_state text, billing_min bigint, billing_max bigint, price text,
      error_type text, error_detail text, finished_at timestamptz, attempt integer, state text, duration_ms integer,
      status_code integer, attempt_error text, claude_request_id text, min_nano_usd bigint, max_nano_usd bigint,
      counted bigint, earlier bigint, input_tokens bigint, output_tokens bigint, cache_creation_input_tokens bigint,
      cache_read_input_tokens bigint, events json)),
  ended as (
    select asked.* from asked cross join lateral (
      select id, status, worker_id, fence from runs where id = asked.run_id offset 0 for no key update skip locked) as runs
    where runs.status = 'running' and runs.worker_id = asked.worker_id and runs.fence = asked.fence),
  held as (
    update runs set status = e.status, output_text = e.output_text, output = e.output::json,
      sources = e.sources::json, stop_reason = e.stop_reason, usage = e.usage::json, cost_nano_usd = e.cost, billing_state = e.billing_state,
      billing_min_nano_usd = e.billing_min, billing_max_nano_usd = e.billing_max, price = e.price::json,
      error_type = e.error_type, error_detail = e.error_detail, finished_at = e.finished_at, lease_until = null
    from ended e where runs.id = e.run_id
    returning runs.id, runs.fence, runs.user_id, runs.model, runs.research_item_id, runs.cost_nano_usd, runs.finished_at, runs.status),
  attempt as (
    update run_attempts a set state = e.state, duration_ms = e.duration_ms, status_code = e.status_code,
      error_type = e.attempt_error, claude_request_id = e.claude_request_id, min_nano_usd = e.min_nano_usd,
      max_nano_usd = e.max_nano_usd
    from held join ended e on e.run_id = held.id
    where a.run_id = held.id and a.number = e.attempt and a.state in ('intent', 'sent')
    returning a.run_id, a.user_id, coalesce(a.reserved_nano_usd, 0) as reserved, e.counted),
  money as (
    update users u set reserved_nano_usd = u.reserved_nano_usd - s.reserved, spent_nano_usd = u.spent_nano_usd + s.counted
    from (select user_id, sum(reserved)::bigint as reserved, sum(counted)::bigint as counted from attempt group by 1) s
    where u.id = s.user_id returning u.id),
  used as (
    select held.user_id, (held.finished_at at time zone 'UTC')::date as day, held.model, held.research_item_id, held.status, e.input_tokens, e.output_tokens,
      e.cache_creation_input_tokens, e.cache_read_input_tokens, coalesce(held.cost_nano_usd, 0) as cost_nano_usd,
      e.earlier + e.counted - coalesce(held.cost_nano_usd, 0) as unknown_max_nano_usd
    from held join ended e on e.run_id = held.id cross join (select count(*) from money) locked),
  ${ROLL_UP},
  event as (
    insert into run_events (run_id, sequence, user_id, name, data)
    select held.id, n.sequence, held.user_id, n.name, n.data
    from held join ended e on e.run_id = held.id,
      json_to_recordset(e.events) as n (sequence integer, name text, data text))
  select id, fence from held`;
