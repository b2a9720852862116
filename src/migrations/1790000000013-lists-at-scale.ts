import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What keeps filtered lists as quick as unfiltered ones, however rare or old what they look for is. */
export class ListsAtScale1790000000013 implements MigrationInterface {
  name = 'ListsAtScale1790000000013';

  async up(queryRunner: QueryRunner): Promise<void> {
    await createTags(queryRunner);
    // With the status inside, one index serves a filter alone and together with a status: as many entries are written for a
    // run as before, and none for what a run has not.
    await queryRunner.query('drop index runs_prompt_id_user_id_id_idx');
    await queryRunner.query('drop index runs_research_item_id_user_id_id_idx');
    await queryRunner.query(
      'create index runs_prompt_id_status_id_idx on runs (prompt_id, status, id) where prompt_id is not null',
    );
    await queryRunner.query(
      'create index runs_research_item_id_status_id_idx on runs (research_item_id, status, id) where research_item_id is not null',
    );
    await queryRunner.query(
      'create index runs_batch_id_status_id_idx on runs (batch_id, status, id) where batch_id is not null',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index runs_batch_id_status_id_idx');
    await queryRunner.query('drop index runs_research_item_id_status_id_idx');
    await queryRunner.query('drop index runs_prompt_id_status_id_idx');
    await queryRunner.query('create index runs_prompt_id_user_id_id_idx on runs (prompt_id, user_id, id)');
    await queryRunner.query(
      'create index runs_research_item_id_user_id_id_idx on runs (research_item_id, user_id, id)',
    );
    await queryRunner.query('create index research_items_tags_idx on research_items using gin (tags)');
    await queryRunner.query('drop trigger research_items_tagged on research_items');
    await queryRunner.query('drop trigger research_items_retagged on research_items');
    await queryRunner.query('drop trigger research_items_untagged on research_items');
    await queryRunner.query('drop function tag_research_item()');
    await queryRunner.query('drop table research_item_tags');
  }
}

/**
 * An index of items by owner and tag that knows the order of the list, as a GIN index of the column does not. A table, since
 * a b-tree has one entry for each row; triggers keep it, like any index, whoever writes.
 */
async function createTags(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    create table research_item_tags (
      user_id bigint not null,
      tag text not null,
      research_item_id bigint not null,
      constraint research_item_tags_pkey primary key (user_id, tag, research_item_id)
    )`);
  await queryRunner.query(`
    create function tag_research_item() returns trigger language plpgsql as $$
    begin
      if tg_op <> 'INSERT' then
        delete from research_item_tags
        where user_id = old.user_id and tag = any(old.tags) and research_item_id = old.id;
      end if;
      if tg_op <> 'DELETE' then
        insert into research_item_tags (user_id, tag, research_item_id)
        select new.user_id, tag, new.id from unnest(new.tags) as tag on conflict do nothing;
      end if;
      return null;
    end $$`);
  await queryRunner.query(`
    create trigger research_items_tagged after insert on research_items
    for each row when (new.tags <> '{}') execute function tag_research_item()`);
  await queryRunner.query(`
    create trigger research_items_retagged after update of tags on research_items
    for each row when (old.tags <> new.tags) execute function tag_research_item()`);
  await queryRunner.query(`
    create trigger research_items_untagged after delete on research_items
    for each row when (old.tags <> '{}') execute function tag_research_item()`);
  await queryRunner.query(`
    insert into research_item_tags (user_id, tag, research_item_id)
    select distinct user_id, tag, id from research_items, unnest(tags) as tag`);
  await queryRunner.query('drop index research_items_tags_idx');
}
