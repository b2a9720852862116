/** How many of the newest matches of each type are ranked. */
export const RANKED_PER_TYPE = 1000;

/** In how many of the newest documents of each type that have all its words a phrase is looked for. */
export const READ_FOR_PHRASES = 2000;

/** How much of a text is looked through for fragments, in characters. */
const EXCERPTED = 8000;

/**
 * What opens and closes a match in the texts that come back. Unicode has these two for use inside a process alone; where a
 * text has them nevertheless, it is looked through with spaces in their place.
 */
export const MATCH_BEGIN = '\uFDD0';
export const MATCH_END = '\uFDD1';

/** The types that are searched, with the position of their newest document, or of what was newest on the first page. */
const SERIES = `
  select s.type, s.number, coalesce(s.top, (
      select d.position from search_documents d where d.user_id = $1::bigint and d.type = s.type
      order by d.position desc limit 1)) as top
  from unnest($3::text[], $5::bigint[]) with ordinality as s (type, top, number)`;

/** The newest matches of each type. $4 filters. */
const FOUND = `
  select s.type, f.id as document_id
  from asked, series s cross join lateral search_newest(
    $1::bigint, s.type, asked.query, $4::tsquery, $11::date::timestamp at time zone 'UTC',
    ($12::date + 1)::timestamp at time zone 'UTC', s.top, ${RANKED_PER_TYPE}, ${READ_FOR_PHRASES}) f
  where asked.query is not null and s.top is not null`;

/** By how close together and how weighty the words are, in proportion to the length (1), between 0 and 1 (32). */
const RANKED = `
  select type, document_id, (
    select ts_rank_cd(d.words, asked.query, 1 | 32) from search_documents d
    where d.type = found.type and d.document_id = found.document_id) as rank
  from found, asked`;

/** $6 rank, $7 type and $8 id of the last row of the page before; $9 how many. */
const PAGE = `
  select * from ranked
  where $6::float4 is null or (rank, type, document_id) < ($6::float4, $7::text, $8::bigint)
  order by rank desc, type desc, document_id desc limit $9::integer`;

const bounded = (text: string): string => `left(${text}, ${EXCERPTED})`;

/** Title and texts of a row of the page, from the tables themselves. */
const SOURCE = `
  select i.title, i.id as research_item_id, i.created_at,
    array[i.title, ${bounded('i.description')}, array_to_string(i.tags, ', ')] as texts
  from research_items i where page.type = 'research_item' and i.id = page.document_id and i.user_id = $1::bigint
  union all
  select p.name, p.research_item_id, p.created_at, array[p.name, ${bounded('v.template')}, ${bounded('v.system')}]
  from prompts p join prompt_versions v on v.prompt_id = p.id and v.version = p.latest_version
  where page.type = 'prompt' and p.id = page.document_id and p.user_id = $1::bigint
  union all
  select null, r.research_item_id, r.created_at,
    array[${bounded('search_question(r.messages)')}, ${bounded('r.system')}, ${bounded('r.output_text')}]
  from runs r where page.type = 'run' and r.id = page.document_id and r.user_id = $1::bigint`;

/** The same text, character for character, but with its matches marked. */
const MARKED = `
  array(
    select ts_headline('pg_catalog.english',
      translate(search_text(t.text, ${EXCERPTED}), '${MATCH_BEGIN}${MATCH_END}', '  '), asked.query,
      'HighlightAll=true, StartSel=${MATCH_BEGIN}, StopSel=${MATCH_END}')
    from unnest(source.texts) with ordinality as t (text, number) order by t.number)`;

/**
 * One page of hits. $1 owner, $2 query, $3 types, $4 filters as tsquery, $5 positions per type, $6–$8 where to go on, $9 how
 * many, $10 item, $11 first and $12 last day. (What was filed under an item stays so when the item is deleted: the last condition knows better.)
 */
export const SEARCH = `
  with asked as materialized (select search_query($2::text) as query), series as materialized (${SERIES}), found as materialized (${FOUND}),
    ranked as materialized (${RANKED}), page as materialized (${PAGE})
  select page.type, page.document_id as id, page.rank, source.title, source.research_item_id as "researchItemId",
    source.created_at as "createdAt", source.texts, ${MARKED} as marked,
    (select array_agg(top order by number) from series) as tops
  from asked, page cross join lateral (${SOURCE}) source
  where $10::bigint is null or source.research_item_id = $10::bigint
  order by page.rank desc, page.type desc, page.document_id desc`;
