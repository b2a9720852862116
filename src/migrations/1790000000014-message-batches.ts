import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Message Batches, by which the runs of a batch in mode `provider` go to Claude. */
export class MessageBatches1790000000014 implements MigrationInterface {
  name = 'MessageBatches1790000000014';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table message_batches (
        id bigint generated always as identity constraint message_batches_pkey primary key,
        user_id bigint not null,
        batch_id bigint not null,
        nonce uuid not null,
        state text not null,
        claude_id text,
        refusals integer not null default 0,
        requests integer not null default 0,
        sent_at timestamptz,
        cancelled_at timestamptz,
        due_at timestamptz not null,
        worker_id uuid,
        fence integer not null default 0,
        lease_until timestamptz,
        constraint message_batches_id_user_id_key unique (id, user_id),
        constraint message_batches_batch_fkey foreign key (batch_id, user_id) references batches (id, user_id),
        constraint message_batches_state_check check (state in ('planned', 'sending', 'sent', 'done'))
      )`);
    await queryRunner.query(`create index message_batches_due_idx on message_batches (due_at) where state <> 'done'`);
    await queryRunner.query('create index message_batches_batch_idx on message_batches (batch_id, user_id)');
    await queryRunner.query(
      'create index message_batches_claude_id_idx on message_batches (claude_id) where claude_id is not null',
    );
    await queryRunner.query(`
      alter table runs
        add column message_batch_id bigint,
        add constraint runs_message_batch_fkey foreign key (message_batch_id, user_id)
          references message_batches (id, user_id)`);
    await queryRunner.query(
      'create index runs_message_batch_idx on runs (message_batch_id, id) where message_batch_id is not null',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table runs drop constraint runs_message_batch_fkey, drop column message_batch_id');
    await queryRunner.query('drop table message_batches');
  }
}
