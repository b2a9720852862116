import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A prompt's name is unique among its owner's prompts of the item: under somebody else's item the foreign key alone answers,
 * so that a conflict tells nobody that the item exists.
 */
export class PromptNames1790000000008 implements MigrationInterface {
  name = 'PromptNames1790000000008';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      alter table prompts drop constraint prompts_research_item_id_name_key,
        add constraint prompts_user_id_research_item_id_name_key unique (user_id, research_item_id, name)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      alter table prompts drop constraint prompts_user_id_research_item_id_name_key,
        add constraint prompts_research_item_id_name_key unique (research_item_id, name)`);
  }
}
