import { WORDS } from './words.js';

/** How many paragraphs there are to make texts of. */
export const PARAGRAPHS = 20_000;

/** Temporary tables of words and of paragraphs of some 300 characters, in which words occur by Zipf's law. */
export async function makeParagraphs(client) {
  await client.query('create temp table seed_words (n integer primary key, word text not null)');
  await client.query(
    'insert into seed_words select n - 1, word from unnest($1::text[]) with ordinality as t (word, n)',
    [WORDS],
  );
  await client.query('create temp table seed_paragraphs (n integer primary key, text text not null)');
  await client.query(
    `insert into seed_paragraphs
     select p, upper(left(text, 1)) || substr(text, 2) || '.' from (
       select p, string_agg(word, ' ') as text
       from (select p, floor(power($1::float8, random()))::integer - 1 as n
             from generate_series(0, ${PARAGRAPHS - 1}) p, generate_series(1, 45)) drawn
       join seed_words using (n) group by p) made`,
    [WORDS.length],
  );
  await client.query('analyze seed_words, seed_paragraphs');
}

/** SQL of a number below `below` that `seed` (an SQL expression) stands for; `salt` tells draws from the same seed apart. */
export const draw = (seed, salt, below) => `((hashint8extended(${seed}, ${salt}) & 2147483647) % (${below}))::integer`;
