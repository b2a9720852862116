import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The index of runs by owner and status, kept to those who ask for a status by a condition that always holds. Foreign keys look
 * for runs by owner and id, with plans that may be older than the first row, when all indexes look alike: through this one
 * they read all of the owner's runs.
 */
export class RunsByStatus1790000000016 implements MigrationInterface {
  name = 'RunsByStatus1790000000016';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index runs_user_id_status_id_idx');
    await queryRunner.query(
      'create index runs_user_id_status_id_idx on runs (user_id, status, id) where status is not null',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index runs_user_id_status_id_idx');
    await queryRunner.query('create index runs_user_id_status_id_idx on runs (user_id, status, id)');
  }
}
