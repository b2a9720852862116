import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The wish that a run be cancelled, for whichever process works on it. */
export class RunCancellation1790000000006 implements MigrationInterface {
  name = 'RunCancellation1790000000006';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table runs add column cancel_requested_at timestamptz');
    await queryRunner.query(
      `create index runs_cancel_requested_idx on runs (worker_id) where status = 'running' and cancel_requested_at is not null`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table runs drop column cancel_requested_at');
  }
}
