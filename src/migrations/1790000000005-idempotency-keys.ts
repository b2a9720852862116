import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Idempotency keys: what each stands for, for a day. */
export class IdempotencyKeys1790000000005 implements MigrationInterface {
  name = 'IdempotencyKeys1790000000005';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table idempotency_keys (
        user_id bigint not null constraint idempotency_keys_user_id_fkey references users (id) on delete cascade,
        key text not null,
        fingerprint text not null,
        expires_at timestamptz not null,
        resource_kind text,
        resource_id bigint,
        status integer,
        headers json,
        body text,
        constraint idempotency_keys_pkey primary key (user_id, key)
      )`);
    await queryRunner.query('create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table idempotency_keys');
  }
}
