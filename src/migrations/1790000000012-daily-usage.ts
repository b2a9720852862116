import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What finished runs used and how they ended, summed up by user, day and model: few rows however many items and runs. */
export class DailyUsage1790000000012 implements MigrationInterface {
  name = 'DailyUsage1790000000012';

  async up(queryRunner: QueryRunner): Promise<void> {
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

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table daily_usage');
  }
}
