import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs, the ledger of their attempts, and their events. */
export class Runs1790000000004 implements MigrationInterface {
  name = 'Runs1790000000004';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table runs (
        id bigint generated always as identity constraint runs_pkey primary key,
        user_id bigint not null constraint runs_user_id_fkey references users (id),
        status text not null,
        prompt_id bigint,
        prompt_version integer,
        variables json,
        research_item_id bigint,
        batch_id bigint,
        model text not null,
        settings json not null,
        system text,
        messages json not null,
        output_text text,
        output json,
        sources json,
        stop_reason text,
        usage json,
        cost_nano_usd bigint,
        billing_state text not null,
        billing_min_nano_usd bigint not null,
        billing_max_nano_usd bigint,
        price json,
        error_type text,
        error_detail text,
        simulated boolean not null,
        created_at timestamptz not null,
        started_at timestamptz,
        finished_at timestamptz,
        worker_id uuid,
        lease_until timestamptz,
        fence integer not null default 0,
        constraint runs_id_user_id_key unique (id, user_id),
        constraint runs_prompt_fkey foreign key (prompt_id, user_id)
          references prompts (id, user_id) on delete set null (prompt_id),
        constraint runs_research_item_fkey foreign key (research_item_id, user_id)
          references research_items (id, user_id) on delete set null (research_item_id),
        constraint runs_status_check
          check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted')),
        constraint runs_billing_state_check check (billing_state in ('settled', 'unknown', 'none'))
      )`);
    await queryRunner.query('create index runs_user_id_id_idx on runs (user_id, id)');
    await queryRunner.query('create index runs_user_id_status_id_idx on runs (user_id, status, id)');
    await queryRunner.query('create index runs_prompt_id_user_id_id_idx on runs (prompt_id, user_id, id)');
    await queryRunner.query(
      'create index runs_research_item_id_user_id_id_idx on runs (research_item_id, user_id, id)',
    );
    await queryRunner.query(`create index runs_lease_idx on runs (lease_until) where status = 'running'`);
    await queryRunner.query(`
      create table run_attempts (
        run_id bigint not null,
        number integer not null,
        user_id bigint not null,
        state text not null,
        started_at timestamptz not null,
        duration_ms integer,
        wait_ms integer not null,
        status_code integer,
        error_type text,
        claude_request_id text,
        reserved_nano_usd bigint,
        min_nano_usd bigint not null,
        max_nano_usd bigint,
        constraint run_attempts_pkey primary key (run_id, number),
        constraint run_attempts_run_fkey foreign key (run_id, user_id) references runs (id, user_id) on delete cascade,
        constraint run_attempts_state_check check (state in ('intent', 'sent', 'settled', 'unknown'))
      )`);
    await queryRunner.query(`
      create table run_events (
        run_id bigint not null,
        sequence integer not null,
        user_id bigint not null,
        name text not null,
        data text not null,
        constraint run_events_pkey primary key (run_id, sequence),
        constraint run_events_run_fkey foreign key (run_id, user_id) references runs (id, user_id) on delete cascade
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table run_events');
    await queryRunner.query('drop table run_attempts');
    await queryRunner.query('drop table runs');
  }
}
