import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createNewest, createQuery, createWords } from './search-functions.js';

/**
 * What search finds: a document for each research item, prompt (its latest version) and finished run, kept by triggers in the
 * transaction that changes its source.
 *
 * Beside the words of its texts a document's `words` hold how it is filed, as lexemes that begin with a space, which no text
 * and no query can have: type and owner (` run 1`), the shelf it stands on (` run 1 5`: the sixth 2,048 of that type and
 * owner), its item (` item 7`), and its UTC month and year. So the one GIN index narrows words, owner, filters and age
 * together, and what belongs to others costs nothing.
 */
export class Search1790000000010 implements MigrationInterface {
  name = 'Search1790000000010';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner);
    await createWords(runner);
    await createQuery(runner, 'search_text(q, 1000)');
    await createNewest(runner, 'd.words @@ (loose && shelves)');
    await createTriggers(runner);
    await fillTable(runner);
    // Made last, as it is much quicker at once than row by row. A short pending list: searches read the whole of it.
    await runner.query(`
      create index search_documents_words_idx on search_documents using gin (words) with (gin_pending_list_limit = 256)`);
    await runner.query('drop index research_items_document_idx');
    await runner.query('drop function research_item_document(text, text, text[])');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function research_item_document(title text, description text, tags text[]) returns tsvector
      language sql immutable parallel safe
      as $$
        select pg_catalog.to_tsvector('pg_catalog.english',
          title || ' ' || coalesce(description, '') || ' ' || pg_catalog.array_to_string(tags, ' '))
      $$`);
    await runner.query(`
      create index research_items_document_idx on research_items
      using gin (research_item_document(title, description, tags))`);
    await runner.query('drop trigger search_file on research_items');
    await runner.query('drop trigger search_refile on research_items');
    await runner.query('drop trigger search_remove on research_items');
    await runner.query('drop trigger search_file on prompt_versions');
    await runner.query('drop trigger search_refile on prompts');
    await runner.query('drop trigger search_remove on prompts');
    await runner.query('drop trigger search_file on runs');
    await runner.query('drop trigger search_remove on runs');
    await runner.query('drop table search_documents');
    await runner.query(`
      drop function search_file_items(), search_refile_item(), search_file_prompts(), search_refile_prompt(),
        search_file_run(), search_remove(), search_next_position(text, bigint),
        search_newest(bigint, text, tsquery, tsquery, timestamptz, timestamptz, bigint, integer, integer),
        search_filing(text, bigint, bigint, bigint, timestamptz), search_words(text, text, text, text),
        search_words_up_to(integer, text, text, text, text), search_question(json), search_query(text),
        search_text(text, integer)`);
  }
}

async function createTable(runner: QueryRunner): Promise<void> {
  // Positions count an owner's documents of a type, oldest first. They are a measure of age and no key: who is filed at the
  // same moment may share one.
  await runner.query(`
    create table search_documents (
      type text not null,
      document_id bigint not null,
      user_id bigint not null,
      position bigint not null,
      created_at timestamptz not null,
      words tsvector not null,
      constraint search_documents_pkey primary key (type, document_id),
      constraint search_documents_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
      constraint search_documents_type_check check (type in ('research_item', 'prompt', 'run'))
    )`);
  // A tsvector hardly gets smaller by compression, and trying takes as long as making it.
  await runner.query('alter table search_documents alter column words set storage external');
  await runner.query(
    'create index search_documents_user_id_type_position_idx on search_documents (user_id, type, position)',
  );
}

/** Rows with the position that follows for each; the first is looked up once for each owner, not for each row. */
const placed = (type: string, rows: string): string => `
  with rows as materialized (${rows}),
  first as materialized (
    select user_id, search_next_position('${type}', user_id) as position from (select distinct user_id from rows) owners),
  placed as (
    select rows.*, first.position + row_number() over (partition by rows.user_id order by rows.id) - 1 as position
    from rows join first using (user_id))`;

/** Documents of the items in a relation, in the order of their ids. */
const fileItems = (items: string): string => `
  ${placed('research_item', `select * from ${items}`)}
  insert into search_documents (type, document_id, user_id, position, created_at, words)
  select 'research_item', id, user_id, position, created_at,
    search_words(title, description, pg_catalog.array_to_string(tags, ', '), null)
      || search_filing('research_item', user_id, position, id, created_at)
  from placed`;

/** Documents of the prompts whose first version is in a relation, in the order of their ids. */
const filePrompts = (versions: string): string => `
  ${placed(
    'prompt',
    `select p.id, p.user_id, p.research_item_id, p.name, p.created_at, l.template, l.system
     from ${versions} v join prompts p on p.id = v.prompt_id
     join prompt_versions l on l.prompt_id = p.id and l.version = p.latest_version where v.version = 1`,
  )}
  insert into search_documents (type, document_id, user_id, position, created_at, words)
  select 'prompt', id, user_id, position, created_at,
    search_words(name, template, system, null)
      || search_filing('prompt', user_id, position, research_item_id, created_at)
  from placed`;

/** The words of prompts are those of their latest version, where that is in a relation and not the first. */
const refilePrompts = (versions: string): string => `
  update search_documents d set words = search_words(p.name, v.template, v.system, null)
    || search_filing('prompt', d.user_id, d.position, p.research_item_id, d.created_at)
  from ${versions} v join prompts p on p.id = v.prompt_id and p.latest_version = v.version
  where v.version > 1 and d.type = 'prompt' and d.document_id = v.prompt_id`;

async function createTriggers(runner: QueryRunner): Promise<void> {
  const on = async (table: string, name: string, event: string, fires: string, calls: string): Promise<void> => {
    await runner.query(`create trigger ${name} after ${event} on ${table} ${fires} execute function ${calls}`);
  };
  const trigger = async (name: string, body: string): Promise<void> => {
    await runner.query(`
      create function ${name}() returns trigger language plpgsql as $$ begin ${body}; return null; end $$`);
  };
  const bulk = 'referencing new table as fresh for each statement';

  await trigger('search_file_items', fileItems('fresh'));
  await trigger(
    'search_refile_item',
    `update search_documents set words = search_words(new.title, new.description, pg_catalog.array_to_string(new.tags, ', '), null)
        || search_filing('research_item', user_id, position, document_id, created_at)
      where type = 'research_item' and document_id = new.id`,
  );
  await trigger(
    'search_file_prompts',
    `${filePrompts('fresh')};
${refilePrompts('fresh')}`,
  );
  await trigger(
    'search_refile_prompt',
    `update search_documents d set words = search_words(new.name, v.template, v.system, null)
        || search_filing('prompt', d.user_id, d.position, new.research_item_id, d.created_at)
      from prompt_versions v
      where d.type = 'prompt' and d.document_id = new.id and v.prompt_id = new.id and v.version = new.latest_version`,
  );
  await trigger(
    'search_file_run',
    `insert into search_documents (type, document_id, user_id, position, created_at, words)
      select 'run', new.id, new.user_id, p.position, new.created_at,
        search_words(null, search_question(new.messages), new.system, new.output_text)
          || search_filing('run', new.user_id, p.position, new.research_item_id, new.created_at)
      from search_next_position('run', new.user_id) as p (position)
      on conflict (type, document_id) do update set words = excluded.words`,
  );
  await trigger('search_remove', 'delete from search_documents where type = tg_argv[0] and document_id = old.id');

  await on('research_items', 'search_file', 'insert', bulk, 'search_file_items()');
  await on(
    'research_items',
    'search_refile',
    'update of title, description, tags',
    'for each row',
    'search_refile_item()',
  );
  await on('prompt_versions', 'search_file', 'insert', bulk, 'search_file_prompts()');
  await on('prompts', 'search_refile', 'update of name', 'for each row', 'search_refile_prompt()');
  await on(
    'runs',
    'search_file',
    'update of status',
    `for each row when (old.status in ('queued', 'running') and new.status not in ('queued', 'running'))`,
    'search_file_run()',
  );
  for (const [table, type] of [
    ['research_items', 'research_item'],
    ['prompts', 'prompt'],
    ['runs', 'run'],
  ] as const) {
    await on(table, 'search_remove', 'delete', 'for each row', `search_remove('${type}')`);
  }
}

async function fillTable(runner: QueryRunner): Promise<void> {
  await runner.query(fileItems('research_items'));
  await runner.query(filePrompts('prompt_versions'));
  await runner.query(`
    insert into search_documents (type, document_id, user_id, position, created_at, words)
    select 'run', r.id, r.user_id, p.position, r.created_at,
      search_words(null, search_question(r.messages), r.system, r.output_text)
        || search_filing('run', r.user_id, p.position, r.research_item_id, r.created_at)
    from (select id, row_number() over (partition by user_id order by id) - 1 as position
          from runs where status not in ('queued', 'running')) p join runs r using (id)
    order by p.id`);
}
