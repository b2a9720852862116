import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createNewest, createQuery } from './search-functions.js';

const NEWEST = 'search_newest(bigint, text, tsquery, tsquery, timestamptz, timestamptz, bigint, integer, integer)';

/**
 * Search reads any text of up to 10,000 characters, and asks its index for words and shelves as two conditions: within one,
 * the index looks at each document of the shelves; from one to the other it leaps over those between which nothing matches, as
 * where a filter passes only what is older.
 */
export class SearchLeaps1790000000015 implements MigrationInterface {
  name = 'SearchLeaps1790000000015';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`drop function ${NEWEST}, search_query(text)`);
    // Of what is longer than 1,000 characters the words in these count: more would ask an index for thousands of words at once.
    await runner.query(`
      create function search_asked(q text) returns text
      language sql immutable parallel safe
      as $$
        select case when pg_catalog.char_length(q) <= 1000 then search_text(q, 1000)
          else coalesce(nullif(pg_catalog.regexp_replace(search_text(q, 1000), '\\S+$', ''), ''), search_text(q, 1000)) end
      $$`);
    await createQuery(runner, 'search_asked(q)');
    await createNewest(runner, 'd.words @@ loose and d.words @@ shelves');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop function ${NEWEST}, search_query(text), search_asked(text)`);
    await createQuery(runner, 'search_text(q, 1000)');
    await createNewest(runner, 'd.words @@ (loose && shelves)');
  }
}
