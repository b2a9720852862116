import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Each move of a label knows the one that a rollback takes the label back to; until now that was the move before it. */
export class LabelRollback1790000000011 implements MigrationInterface {
  name = 'LabelRollback1790000000011';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table prompt_label_moves add column previous_id bigint');
    await queryRunner.query(`
      update prompt_label_moves m set previous_id = earlier.previous_id
      from (select id, lag(id) over (partition by label_id order by id) as previous_id from prompt_label_moves) earlier
      where earlier.id = m.id`);
    await queryRunner.query(`
      alter table prompt_label_moves add constraint prompt_label_moves_previous_fkey
        foreign key (previous_id) references prompt_label_moves (id)`);
    // For the deletion of labels, which takes all their moves at once and looks for those that refer to each.
    await queryRunner.query('create index prompt_label_moves_previous_id_idx on prompt_label_moves (previous_id)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table prompt_label_moves drop column previous_id');
  }
}
