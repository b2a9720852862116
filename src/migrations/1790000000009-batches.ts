import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Batches, and what a run of one knows of it. */
export class Batches1790000000009 implements MigrationInterface {
  name = 'Batches1790000000009';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table batches (
        id bigint generated always as identity constraint batches_pkey primary key,
        user_id bigint not null constraint batches_user_id_fkey references users (id),
        mode text not null,
        created_at timestamptz not null,
        cancel_requested_at timestamptz,
        round integer not null default 0,
        outcome json,
        constraint batches_id_user_id_key unique (id, user_id),
        constraint batches_mode_check check (mode in ('realtime', 'provider'))
      )`);
    await queryRunner.query('create index batches_user_id_id_idx on batches (user_id, id)');
    await queryRunner.query(`
      alter table runs
        add column batch_index integer,
        add column custom_id text,
        add column turn integer,
        add constraint runs_batch_fkey foreign key (batch_id, user_id) references batches (id, user_id)`);
    await queryRunner.query(`
      create unique index runs_batch_idx on runs (batch_id, batch_index)
        include (status, cost_nano_usd, finished_at) where batch_id is not null`);
    await queryRunner.query(`create index runs_turn_idx on runs (turn) where status = 'queued' and turn is not null`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      alter table runs drop constraint runs_batch_fkey, drop column batch_index, drop column custom_id, drop column turn`);
    await queryRunner.query('drop table batches');
  }
}
