import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What statistics are read from, few rows however much there is: what finished runs used and how they ended by user, day and
 * model, and how many items and prompts a user has.
 */
export class Statistics1790000000012 implements MigrationInterface {
  name = 'Statistics1790000000012';

  async up(queryRunner: QueryRunner): Promise<void> {
    await createDailyUsage(queryRunner);
    await createOwnedCounts(queryRunner);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of COUNTED) {
      await queryRunner.query(`drop trigger ${table}_counted_in on ${table}`);
      await queryRunner.query(`drop trigger ${table}_counted_out on ${table}`);
    }
    await queryRunner.query('drop function count_owned()');
    await queryRunner.query('drop table owned_counts');
    await queryRunner.query('drop table daily_usage');
  }
}

/** Tables whose rows are counted by user. */
const COUNTED = ['research_items', 'prompts'];

async function createDailyUsage(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    create table daily_usage (
      id bigint generated always as identity constraint daily_usage_pkey primary key,
      user_id bigint not null constraint daily_usage_user_id_fkey references users (id),
      day date not null,
      model text not null,
      runs bigint not null,
      succeeded bigint not null,
      failed bigint not null,
      input_tokens bigint not null,
      output_tokens bigint not null,
      cache_creation_input_tokens bigint not null,
      cache_read_input_tokens bigint not null,
      cost_nano_usd bigint not null,
      unknown_max_nano_usd bigint not null,
      constraint daily_usage_key unique (user_id, day, model)
    )`);
  // Money and tokens from the rollups by item, so that both agree; how the runs ended is known of the runs alone.
  await queryRunner.query(`
    insert into daily_usage (user_id, day, model, runs, succeeded, failed, input_tokens, output_tokens,
      cache_creation_input_tokens, cache_read_input_tokens, cost_nano_usd, unknown_max_nano_usd)
    select u.user_id, u.day, u.model, sum(u.runs), coalesce(max(e.succeeded), 0), coalesce(max(e.failed), 0),
      sum(u.input_tokens), sum(u.output_tokens), sum(u.cache_creation_input_tokens), sum(u.cache_read_input_tokens),
      sum(u.cost_nano_usd), sum(u.unknown_max_nano_usd)
    from usage_rollups u left join (
      select user_id, (finished_at at time zone 'UTC')::date as day, model,
        count(*) filter (where status = 'succeeded') as succeeded, count(*) filter (where status = 'failed') as failed
      from runs where finished_at is not null group by 1, 2, 3
    ) e on e.user_id = u.user_id and e.day = u.day and e.model = u.model
    group by u.user_id, u.day, u.model`);
}

/**
 * Counted by triggers, which also see the prompts that go with their item. A user has several rows of each count, of which
 * every connection of the pool writes its own: who makes an item does not wait until another one is committed.
 */
async function createOwnedCounts(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    create table owned_counts (
      user_id bigint not null,
      table_name text not null,
      slot integer not null,
      rows bigint not null,
      constraint owned_counts_pkey primary key (user_id, table_name, slot)
    )`);
  await queryRunner.query(`
    create function count_owned() returns trigger language plpgsql as $$
    begin
      insert into owned_counts as c (user_id, table_name, slot, rows)
      select user_id, tg_table_name, pg_backend_pid() % 32, case tg_op when 'INSERT' then count(*) else -count(*) end
      from changed group by user_id
      on conflict (user_id, table_name, slot) do update set rows = c.rows + excluded.rows;
      return null;
    end $$`);
  for (const table of COUNTED) {
    await queryRunner.query(`
      create trigger ${table}_counted_in after insert on ${table}
      referencing new table as changed for each statement execute function count_owned()`);
    await queryRunner.query(`
      create trigger ${table}_counted_out after delete on ${table}
      referencing old table as changed for each statement execute function count_owned()`);
    await queryRunner.query(`
      insert into owned_counts (user_id, table_name, slot, rows)
      select user_id, '${table}', 0, count(*) from ${table} group by user_id`);
  }
}
