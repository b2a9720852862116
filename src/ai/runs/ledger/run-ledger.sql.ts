import { countUsage } from '../../usage/usage-rollup.sql.js';

/** How long a worker may be silent before its runs are taken from it. Heartbeats come three times in this time. */
export const LEASE_SECONDS = 30;

/** When a lease ends that is taken or renewed now. */
export const LEASE = `now() + interval '${LEASE_SECONDS} seconds'`;

/**
 * A condition on the status of a run that is looked up by its id, such as `= 'running'`.
 *
 * No index matches it. With a plain condition, a statement that was planned while there were few runs would read an index of statuses
 * from end to end. For the same reason statements for several runs find each by `lateral (… where id = … offset 0)`, and ask for the
 * rest outside of it (ADR 9).
 */
export const statusIs = (condition: string, column = 'status'): string => `concat(${column}) ${condition}`;

/** The user's budget row takes the worst case, or gives no row when it would not fit (or has no price under a budget). */
const RESERVE = `
  update users set reserved_nano_usd = reserved_nano_usd + coalesce($RESERVE::bigint, 0)
  where id = $USER
    and (budget_nano_usd is null
      or ($RESERVE::bigint is not null and spent_nano_usd + reserved_nano_usd + $RESERVE::bigint <= budget_nano_usd))`;

function reserve(user: string, amount: string): string {
  return RESERVE.replaceAll('$USER', user).replaceAll('$RESERVE', amount);
}

/** A condition that is always met, and locks a parent of the run if it has one and it is still there. */
function locked(table: string, id: string): string {
  return `coalesce((select 1 from ${table} where id = ${id}::bigint and user_id = $1::bigint for key share), 1) = 1`;
}

/**
 * $1 user, $2 reserve, $3 worker, $4–$13 question, $14 created at, $15 attempt state, $16 first event behind the id.
 *
 * Every statement here takes its locks in this order: item, prompt, run, user, daily usage, rollup. Deleting an item or a prompt goes from
 * it to its runs, and settling from run to user: so a run locks its parents before the budget, not when their keys are checked.
 */
export const ACCEPT = `
  with budget as (${reserve('$1::bigint', '$2')} and ${locked('research_items', '$7')} and ${locked('prompts', '$4')} returning id),
  run as (
    insert into runs (user_id, status, prompt_id, prompt_version, variables, research_item_id, batch_id, model, settings,
      system, messages, simulated, created_at, started_at, billing_state, billing_min_nano_usd, billing_max_nano_usd,
      worker_id, lease_until, fence)
    select id, case when $3::uuid is null then 'queued' else 'running' end, $4::bigint, $5::integer, $6::json,
      $7::bigint, $8::bigint, $9::text, $10::json, $11::text, $12::json, $13::boolean, $14::timestamptz,
      case when $3::uuid is null then null else $14::timestamptz end, 'none', 0, 0,
      $3::uuid, case when $3::uuid is null then null else ${LEASE} end, case when $3::uuid is null then 0 else 1 end
    from budget returning id),
  attempt as (
    insert into run_attempts (run_id, number, user_id, state, started_at, wait_ms, reserved_nano_usd, min_nano_usd,
      max_nano_usd)
    select id, 1, $1::bigint, $15::text, $14::timestamptz, 0, $2::bigint, 0, $2::bigint from run),
  event as (
    insert into run_events (run_id, sequence, user_id, name, data)
    select id, 1, $1::bigint, 'run', '{"id":' || id || $16::text from run)
  select id from run`;

const HELD = `select id, user_id from runs
  where id = $1::bigint and worker_id = $2::uuid and fence = $3::integer and ${statusIs(`= 'running'`)} for no key update`;

/** $1–$3 hold, $4 number, $5 time. May be said again: its answer may have been lost. */
export const MARK_SENT = `
  with held as (${HELD}),
  attempt as (
    update run_attempts a set state = 'sent', started_at = $5::timestamptz
    from held where a.run_id = $1::bigint and a.number = $4::integer and a.state = 'intent')
  select id from held`;

/** $1–$3 hold, $4 number, $5 time, $6 wait, $7 reserve. May be said again: an attempt that is there is not paid for twice. */
export const OPEN_ATTEMPT = `
  with held as (${HELD}),
  known as (select from run_attempts a, held where a.run_id = $1::bigint and a.number = $4::integer),
  budget as (${reserve('(select user_id from held where not exists (select from known))', '$7')} returning id),
  attempt as (
    insert into run_attempts (run_id, number, user_id, state, started_at, wait_ms, reserved_nano_usd, min_nano_usd,
      max_nano_usd)
    select held.id, $4::integer, held.user_id, 'sent', $5::timestamptz, $6::integer, $7::bigint, 0, $7::bigint
    from held join budget on budget.id = held.user_id returning run_id)
  select exists (select from held) as held,
    exists (select from attempt) or exists (select from known) as opened`;

/** The attempt's end and its money. $1 run; parameters from `first`: number, state, duration, status, error type, request id, min, max, counted. */
function closeAttempt(first: number): string {
  const [number, state, duration, status, errorType, requestId, min, max, counted] = Array.from(
    { length: 9 },
    (_, index) => `$${first + index}`,
  );
  return `
  attempt as (
    update run_attempts a set state = ${state}::text, duration_ms = ${duration}::integer, status_code = ${status}::integer,
      error_type = ${errorType}::text, claude_request_id = ${requestId}::text, min_nano_usd = ${min}::bigint,
      max_nano_usd = ${max}::bigint
    from held where a.run_id = $1::bigint and a.number = ${number}::integer and a.state in ('intent', 'sent')
    returning a.user_id, coalesce(a.reserved_nano_usd, 0) as reserved, ${counted}::bigint as counted),
  money as (
    update users u set reserved_nano_usd = u.reserved_nano_usd - attempt.reserved,
      spent_nano_usd = u.spent_nano_usd + attempt.counted
    from attempt where u.id = attempt.user_id returning attempt.counted)`;
}

/** $1–$3 hold, $4–$12 attempt. May be said again: an attempt is closed once. */
export const CLOSE_ATTEMPT = `with held as (${HELD}), ${closeAttempt(4)} select id from held`;

/** $1–$3 hold, $4–$16 result, $17 price, $18–$26 attempt, $27–$29 events, $30–$34 usage. */
export const SETTLE = `
  with held as (
    update runs set status = $4::text, output_text = $5, output = $6::json, sources = $7::json, stop_reason = $8::text,
      usage = $9::json, cost_nano_usd = $10::bigint, billing_state = $11::text, billing_min_nano_usd = $12::bigint,
      billing_max_nano_usd = $13::bigint, error_type = $14::text, error_detail = $15::text,
      finished_at = $16::timestamptz, price = $17::json, lease_until = null
    where id = $1::bigint and worker_id = $2::uuid and fence = $3::integer and ${statusIs(`= 'running'`)}
    returning id, user_id, status, model, research_item_id, cost_nano_usd, finished_at),
  ${closeAttempt(18)},
  ${countUsage(30, '$26')},
  event as (
    insert into run_events (run_id, sequence, user_id, name, data)
    select held.id, e.sequence, held.user_id, e.name, e.data
    from held, unnest($27::integer[], $28::text[], $29::text[]) as e (sequence, name, data))
  select id from held`;

/** $1 user. What is left of the budget in nano-dollars, below zero when it was lowered; null without a budget. */
export const REMAINING_BUDGET = `
  select budget_nano_usd - spent_nano_usd - reserved_nano_usd as remaining from users where id = $1::bigint`;

/** $1–$3 hold. */
export const HAS_SETTLED = `
  select from runs
  where id = $1::bigint and worker_id = $2::uuid and fence = $3::integer and ${statusIs(`not in ('queued', 'running')`)}`;
