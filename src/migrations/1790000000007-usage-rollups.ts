import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What finished runs used, summed up by user, day, model and research item. */
export class UsageRollups1790000000007 implements MigrationInterface {
  name = 'UsageRollups1790000000007';

  async up(queryRunner: QueryRunner): Promise<void> {
    // No foreign key to research items: what was spent on one stays when it is deleted, and deleting need not touch it.
    await queryRunner.query(`
      create table usage_rollups (
        id bigint generated always as identity constraint usage_rollups_pkey primary key,
        user_id bigint not null constraint usage_rollups_user_id_fkey references users (id),
        day date not null,
        model text not null,
        research_item_id bigint,
        runs bigint not null,
        input_tokens bigint not null,
        output_tokens bigint not null,
        cache_creation_input_tokens bigint not null,
        cache_read_input_tokens bigint not null,
        cost_nano_usd bigint not null,
        unknown_max_nano_usd bigint not null,
        constraint usage_rollups_key unique nulls not distinct (user_id, day, model, research_item_id)
      )`);
    await queryRunner.query(`
      insert into usage_rollups (user_id, day, model, research_item_id, runs, input_tokens, output_tokens,
        cache_creation_input_tokens, cache_read_input_tokens, cost_nano_usd, unknown_max_nano_usd)
      select r.user_id, (r.finished_at at time zone 'UTC')::date, r.model, r.research_item_id, count(*),
        sum(coalesce((r.usage->>'input_tokens')::bigint, 0)),
        sum(coalesce((r.usage->>'output_tokens')::bigint, 0)),
        sum(coalesce((r.usage->>'cache_creation_input_tokens')::bigint, 0)),
        sum(coalesce((r.usage->>'cache_read_input_tokens')::bigint, 0)),
        sum(coalesce(r.cost_nano_usd, 0)),
        sum(coalesce(a.counted, 0) - coalesce(r.cost_nano_usd, 0))
      from runs r left join (
        select run_id, sum(coalesce(max_nano_usd, reserved_nano_usd, 0)) as counted
        from run_attempts where state in ('settled', 'unknown') group by run_id
      ) a on a.run_id = r.id
      where r.finished_at is not null
      group by 1, 2, 3, 4`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table usage_rollups');
  }
}
