import type { MigrationInterface, QueryRunner } from 'typeorm';

// Stable: it must not see what the statement that asks has written by then.
const NEXT_POSITION = 'function search_next_position(kind text, owner bigint) returns bigint';
const POSITION = `
  coalesce((select d.position + 1 from search_documents d where d.user_id = owner and d.type = kind
    order by d.position desc limit 1), 0)`;

/**
 * The place of a new document is found by a plan that is kept: in an SQL function PostgreSQL made it anew for each document, which
 * took longer than to read it (0.1 ms for each run that ends, measured).
 */
export class SearchPositions1790000000017 implements MigrationInterface {
  name = 'SearchPositions1790000000017';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create or replace ${NEXT_POSITION} language plpgsql stable as $$
      #variable_conflict use_column
      begin return ${POSITION}; end $$`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`create or replace ${NEXT_POSITION} language sql stable as $$ select ${POSITION} $$`);
  }
}
