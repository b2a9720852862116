import type { QueryRunner } from 'typeorm';

/** The functions that make a document's words of its texts, and file it. */
export async function createWords(runner: QueryRunner): Promise<void> {
  // Between < and > PostgreSQL's parser sees a tag and looks no further; here it is text like any other.
  await runner.query(`
    create function search_text(content text, bound integer) returns text
    language sql immutable parallel safe
    as $$ select pg_catalog.translate(pg_catalog."left"(content, bound), '<>&', '() ') $$`);
  // In plpgsql, as what PostgreSQL cannot inline of an SQL function it would plan anew at each call.
  await runner.query(`
    create function search_question(messages json) returns text
    language plpgsql immutable parallel safe
    as $$
    begin
      return (
        select pg_catalog.string_agg(message->>'content', E'\\n\\n' order by number)
        from pg_catalog.json_array_elements(messages) with ordinality as m (message, number));
    end $$`);
  await runner.query(`
    create function search_words_up_to(bound integer, a text, b text, c text, d text) returns tsvector
    language sql immutable parallel safe
    as $$
      select pg_catalog.setweight(pg_catalog.to_tsvector('pg_catalog.english', coalesce(search_text(a, bound), '')), 'A')
        || pg_catalog.setweight(pg_catalog.to_tsvector('pg_catalog.english', coalesce(search_text(b, bound), '')), 'B')
        || pg_catalog.setweight(pg_catalog.to_tsvector('pg_catalog.english', coalesce(search_text(c, bound), '')), 'C')
        || pg_catalog.setweight(pg_catalog.to_tsvector('pg_catalog.english', coalesce(search_text(d, bound), '')), 'D')
    $$`);
  // A tsvector holds 1 MiB. The words of 4 × 10,000 characters always fit, of 100,000 nearly always.
  await runner.query(`
    create function search_words(a text, b text, c text, d text) returns tsvector
    language plpgsql immutable parallel safe
    as $$
    declare
      words tsvector;
    begin
      words := search_words_up_to(100000, a, b, c, d);
      -- How it is filed comes on top of it.
      if pg_catalog.pg_column_size(words) > 1000000 then
        raise program_limit_exceeded;
      end if;
      return words;
    exception when program_limit_exceeded then
      return search_words_up_to(10000, a, b, c, d);
    end $$`);
  await runner.query(`
    create function search_filing(type text, owner bigint, place bigint, item bigint, at timestamptz) returns tsvector
    language plpgsql immutable parallel safe
    as $$
    declare
      series text := ' ' || type || ' ' || owner;
      month text := pg_catalog.to_char(at at time zone 'UTC', 'YYYY-MM');
    begin
      return pg_catalog.array_to_tsvector(pg_catalog.array_remove(array[
        series, series || ' ' || place / 2048, ' item ' || item,
        ' month ' || month, ' year ' || pg_catalog."left"(month, 4)], null));
    end $$`);
  // Stable: it must not see what the statement that asks has written by then.
  await runner.query(`
    create function search_next_position(kind text, owner bigint) returns bigint
    language sql stable
    as $$
      select coalesce((select d.position + 1 from search_documents d where d.user_id = owner and d.type = kind
        order by d.position desc limit 1), 0)
    $$`);
}

/**
 * The function that makes a tsquery of what was asked for.
 * @param asked what of `q` counts, in SQL
 */
export async function createQuery(runner: QueryRunner, asked: string): Promise<void> {
  // Null where nothing is asked for, as by stop words alone: joined to a filter it would find all that passes the filter.
  // Many minus signs in a row are a line and no negation; more than 32 are an error of PostgreSQL's parser. The scheme of an
  // address is no word of a document's, but would be one that is asked for.
  await runner.query(`
    create function search_query(q text) returns tsquery
    language sql immutable parallel safe
    as $$
      select case when pg_catalog.numnode(asked) > 0 then asked end
      from pg_catalog.websearch_to_tsquery('pg_catalog.english',
        pg_catalog.regexp_replace(${asked}, '(-[\\s!|()"]*){9,}|\\m[a-z][a-z0-9+.]*://', ' ', 'gi')) as asked
    $$`);
}

/**
 * The newest documents of a type that match, newest first. One window of shelves is looked through after the other until there
 * are enough: 1, 2, 4 shelves, and then 8 at a time. So a common word is found on the newest shelves, and a rare one by
 * the index alone.
 *
 * Of a phrase the index knows only which documents have all its words: of these the newest are looked at.
 *
 * @param matches the condition on a document `d`: that it has the words (`loose`) and stands on one of the `shelves`
 */
export async function createNewest(runner: QueryRunner, matches: string): Promise<void> {
  await runner.query(`
    create function search_newest(
      owner bigint, kind text, asked tsquery, filing tsquery, since timestamptz, until timestamptz, top bigint,
      enough integer, enough_for_phrases integer)
    returns table (id bigint)
    language plpgsql stable rows 100
    set jit = off
    set enable_seqscan = off
    as $$
    declare
      loose tsquery := asked;
      phrase tsquery;
      room integer := enough;
      shelf bigint := top / 2048;
      size integer := 1;
      shelves tsquery;
      ids bigint[];
    begin
      if asked::text ~ '<(-|\\d+)>' and asked::text !~ '!\\s*\\(' then
        loose := regexp_replace(asked::text, '<(-|\\d+)>', '&', 'g')::tsquery;
        phrase := asked;
        room := enough_for_phrases;
      end if;
      if filing is not null then
        loose := loose && filing;
      end if;
      while shelf >= 0 and room > 0 loop
        shelves := (
          select string_agg(format(''' %s %s %s''', kind, owner, number), '|')::tsquery
          from generate_series(greatest(0, shelf - size + 1), shelf) number);
        ids := array(
          select d.document_id from search_documents d where ${matches} and d.position <= top
            and (since is null or d.created_at >= since) and (until is null or d.created_at < until)
          order by d.position desc, d.document_id desc limit room);
        if phrase is null then
          return query select unnest(ids);
        else
          return query
            select d.document_id from unnest(ids) as n (number)
            join search_documents d on d.type = kind and d.document_id = n.number where d.words @@ phrase;
        end if;
        room := room - cardinality(ids);
        shelf := shelf - size;
        size := least(size * 2, 8);
      end loop;
    end $$`);
}
