import pg from 'pg';
import { seedItems } from './seeding/items.js';
import { seedDerived, seedRuns } from './seeding/runs.js';
import { makeParagraphs } from './seeding/texts.js';

/** Indexes that no constraint needs: they are made anew after the rows, which is much quicker than row by row. */
const INDEXES = `
  select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
  from pg_index where indrelid in ('research_items'::regclass, 'prompt_versions'::regclass, 'runs'::regclass)
    and not exists (select from pg_constraint where conindid = indexrelid)`;

const SCRATCH = ['seed_items', 'seed_prompts', 'seed_batches'];

/**
 * Fills a migrated database, in the statements of one connection: the numbers of rows that are asked for to a user, and a few
 * to another. All constraints and triggers hold. Needs a quiet database: it drops indexes for a while.
 *
 * Where lists could be long, they are: the first item has a tenth as many prompts as there are items, its first prompt as many
 * versions and labels, the label `label-1` as many moves, the user as many API keys, and there are as many users.
 * @param userId whose rows; a new user is made without it
 * @returns `userId`, `otherUserId`, and ids of what has much: `itemId`, `promptId`, `adHocItemId` (a tenth of all runs), `batchId`
 */
export async function seed(databaseUrl, { items, runs, userId }) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const setting of [
      `work_mem = '256MB'`,
      `maintenance_work_mem = '1GB'`,
      'synchronous_commit = off',
      'jit = off',
    ]) {
      await client.query(`set ${setting}`);
    }
    await client.query('select setseed(0.42)');
    await makeParagraphs(client);
    const owner = userId ?? (await newUser(client, 'Ada'));
    const other = await newUser(client, 'Grace');
    const { rows: indexes } = await client.query(INDEXES);
    for (const { name } of indexes) await client.query(`drop index ${name}`);
    const seeded = await seedUser(client, owner, { items, runs, many: Math.ceil(items / 10) });
    await seedUser(client, other, { items: Math.min(items, 200), runs: Math.min(runs, 2000), many: 20 });
    for (const { definition } of indexes) await client.query(definition);
    for (const id of [owner, other]) await seedDerived(client, id);
    await client.query('vacuum analyze');
    return { userId: owner, otherUserId: other, ...seeded };
  } finally {
    await client.end();
  }
}

async function newUser(client, name) {
  return Number((await client.query('insert into users (name) values ($1) returning id', [name])).rows[0].id);
}

async function seedUser(client, userId, { items, runs, many }) {
  await client.query(`drop table if exists ${SCRATCH.join(', ')}`);
  await client.query('create temp table seed_items (n bigint primary key, id bigint not null)');
  await client.query(
    'create temp table seed_prompts (n bigint primary key, id bigint not null, item_id bigint not null, versions integer not null)',
  );
  await client.query('create temp table seed_batches (n bigint primary key, id bigint not null)');
  await seedItems(client, userId, { items, many });
  await client.query(
    `insert into api_keys (user_id, name, scopes, hash)
     select $1::bigint, 'Key ' || n, '{read}', sha256(($1 || '/' || n)::bytea) from generate_series(1, $2::integer) n`,
    [userId, many],
  );
  await client.query(`insert into users (name) select 'User ' || n from generate_series(1, $1::integer) n`, [many]);
  await client.query('analyze seed_items, seed_prompts');
  await seedRuns(client, userId, runs);
  const { rows } = await client.query(
    `select (select id from seed_items where n = 1) as item, (select id from seed_items where n = 2) as second,
       (select id from seed_prompts where n = 1) as prompt, (select id from seed_batches where n = 0) as batch`,
  );
  const [{ item, second, prompt, batch }] = rows;
  return { itemId: Number(item), adHocItemId: Number(second), promptId: Number(prompt), batchId: Number(batch) };
}
