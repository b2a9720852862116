import { draw, PARAGRAPHS } from './texts.js';

const CHUNK = 50_000;
/** Of 25 runs in a row 10 are a batch. */
const STRIDE = 25;
const BATCH_SIZE = 10;

/**
 * SQL of the rows of runs number `$2` to `$3` of `$4`, with: its status, prompt, item and batch.
 *
 * A tenth belongs to the first prompt and a tenth to the second item, without a prompt; a tenth has neither. 5 % have failed,
 * 1 % are cancelled, one in a thousand and the 25 oldest interrupted; ten are not finished. One batch of a hundredth of the
 * runs begins in the middle; small ones are all over.
 */
const NUMBERED = `
  select i,
    case when i > $4 - 10 then case i % 2 when 0 then 'queued' else 'running' end
      when i <= 25 or i % 1000 = 11 then 'interrupted' when i % 20 = 3 then 'failed' when i % 100 = 7 then 'cancelled'
      else 'succeeded' end as status,
    case when i % 10 = 0 then 1 when i % 10 >= 5 then 1 + ${draw('i', 4, '$5::integer')} end as prompt,
    case when i % 10 = 1 then 2 when i % 10 in (3, 4) then 1 + ${draw('i', 5, '$6::integer')} end as item,
    case when i > $4 / 2 and i <= $4 / 2 + $4 / 100 then 0 when i % ${STRIDE} < ${BATCH_SIZE} then 1 + i / ${STRIDE} end as batch,
    case when i > $4 / 2 and i <= $4 / 2 + $4 / 100 then i - $4 / 2 - 1 else i % ${STRIDE} end as place,
    case when i % 7 = 0 then 'claude-haiku-5-5' else 'claude-sonnet-5-5' end as model,
    100 + ${draw('i', 6, 1900)} as asked, 250 + ${draw('i', 7, 250)} as answered,
    now() - interval '2 years' * (1 - i::float8 / $4) as time
  from generate_series($2::bigint, $3::bigint) i`;

const INSERT = `
  insert into runs (user_id, status, prompt_id, prompt_version, variables, research_item_id, batch_id, batch_index, model,
    settings, messages, output_text, output, sources, stop_reason, usage, cost_nano_usd, billing_state, billing_min_nano_usd,
    billing_max_nano_usd, error_type, error_detail, simulated, created_at, started_at, finished_at, worker_id, lease_until,
    fence)
  select $1::bigint, status, p.id, case when p.id is not null then 1 end,
    case when p.id is not null then json_build_object('topic', left(q.text, 60)) end, coalesce(p.item_id, t.id),
    b.id, case when b.id is not null then place end, model, '{"max_tokens": 1024}',
    json_build_array(json_build_object('role', 'user', 'content', q.text)),
    case when done then answer end,
    case when done then json_build_array(json_build_object('type', 'text', 'text', answer)) end,
    '[]', case when done then 'end_turn' end,
    case when done then json_build_object('input_tokens', asked, 'output_tokens', answered,
      'cache_creation_input_tokens', 0, 'cache_read_input_tokens', 0) end,
    case when done then cost when status <> 'interrupted' then 0 end,
    case when done then 'settled' when status = 'interrupted' then 'unknown' else 'none' end,
    case when done then cost else 0 end,
    case when done then cost when status = 'interrupted' then cost else 0 end,
    case status when 'failed' then 'claude-failed' when 'interrupted' then 'claude-interrupted' end,
    case when status in ('failed', 'interrupted') then 'Claude did not answer' end, true, time,
    case when status <> 'queued' then time end,
    case when status not in ('queued', 'running') then time + interval '4 seconds' end,
    case when status <> 'queued' then '00000000-0000-4000-8000-000000000000'::uuid end,
    case when status = 'running' then now() + interval '100 years' end, case when status = 'queued' then 0 else 1 end
  from (${NUMBERED}) n
  cross join lateral (select status = 'succeeded' as done, (asked * 3000 + answered * 15000)::bigint as cost) c
  left join seed_prompts p on p.n = n.prompt
  left join seed_items t on t.n = n.item
  left join seed_batches b on b.n = n.batch
  join seed_paragraphs q on q.n = ${draw('i', 8, PARAGRAPHS)}
  join seed_paragraphs one on one.n = ${draw('i', 9, PARAGRAPHS)}
  join seed_paragraphs two on two.n = ${draw('i', 10, PARAGRAPHS)}
  join seed_paragraphs three on three.n = ${draw('i', 11, PARAGRAPHS)}
  join seed_paragraphs four on four.n = ${draw('i', 12, PARAGRAPHS)}
  cross join lateral (
    select concat_ws(E'\\n\\n', one.text, two.text, three.text, four.text, 'Case ' || i || '.') as answer) a
  order by i`;

/** What each attempt counts for the budget. */
const ATTEMPTS = `
  insert into run_attempts (run_id, number, user_id, state, started_at, duration_ms, wait_ms, status_code, error_type,
    reserved_nano_usd, min_nano_usd, max_nano_usd)
  select id, 1, user_id,
    case status when 'queued' then 'intent' when 'running' then 'sent' when 'interrupted' then 'unknown' else 'settled' end,
    created_at, 4000, 0, case status when 'succeeded' then 200 when 'failed' then 500 end, error_type,
    case when finished_at is null then 0 else 20000000 end, billing_min_nano_usd, billing_max_nano_usd
  from runs where user_id = $1 and id > $2`;

const OUTCOMES = `
  update batches b set outcome = (
    select json_agg(t) from (
      select status, batch_index is null as replaced, count(*)::integer as runs,
        coalesce(sum(cost_nano_usd), 0) as cost_nano_usd, max(finished_at) as finished_at
      from runs where runs.batch_id = b.id group by 1, 2) t)
  where user_id = $1 and not exists (select from runs r where r.batch_id = b.id and r.finished_at is null)`;

/** Runs of a user with their attempts, batches, and what is spent. Not their events. */
export async function seedRuns(client, userId, runs) {
  await client.query(
    `with made as (
       insert into batches (user_id, mode, created_at)
       select $1, 'realtime', now() - interval '2 years' * (1 - n::float8 * ${STRIDE} / $2)
       from generate_series(0, $2::integer / ${STRIDE} + 1) n order by n returning id)
     insert into seed_batches select row_number() over (order by id) - 1, id from made`,
    [userId, runs],
  );
  const count = async (table) => (await client.query(`select count(*)::integer as n from ${table}`)).rows[0].n;
  const [prompts, items] = [await count('seed_prompts'), await count('seed_items')];
  const { rows } = await client.query('select coalesce(max(id), 0) as last from runs');
  for (let first = 1; first <= runs; first += CHUNK) {
    await client.query(INSERT, [userId, first, Math.min(runs, first + CHUNK - 1), runs, prompts, items]);
  }
  await client.query(ATTEMPTS, [userId, rows[0].last]);
  await client.query(
    `update users set spent_nano_usd = spent_nano_usd + (
       select coalesce(sum(max_nano_usd), 0) from run_attempts where user_id = $1 and state in ('settled', 'unknown'))
     where id = $1`,
    [userId],
  );
}

/** What follows from the runs, found by the indexes that are back by now. */
export async function seedDerived(client, userId) {
  await client.query(
    'delete from batches b where user_id = $1 and not exists (select from runs where batch_id = b.id)',
    [userId],
  );
  await client.query(OUTCOMES, [userId]);
  await client.query(
    `insert into usage_rollups (user_id, day, model, research_item_id, runs, input_tokens, output_tokens,
       cache_creation_input_tokens, cache_read_input_tokens, cost_nano_usd, unknown_max_nano_usd)
     select user_id, (finished_at at time zone 'UTC')::date, model, research_item_id, count(*),
       sum(coalesce((usage->>'input_tokens')::bigint, 0)), sum(coalesce((usage->>'output_tokens')::bigint, 0)), 0, 0,
       sum(coalesce(cost_nano_usd, 0)), sum(billing_max_nano_usd - coalesce(cost_nano_usd, 0))
     from runs where user_id = $1 and finished_at is not null group by 1, 2, 3, 4`,
    [userId],
  );
}
