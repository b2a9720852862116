import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'undici';
import { onServer, withDatabase } from './support/postgres.js';
import { KEY, startDossier } from './support/processes.js';
import { seed } from './support/seed.js';
import { WORDS } from './support/seeding/words.js';
import { median, table } from './support/statistics.js';

const ITEMS = Number(process.env.BENCH_ITEMS ?? 100_000);
const RUNS = Number(process.env.BENCH_RUNS ?? 1_000_000);
const ROUNDS = Number(process.env.BENCH_SEARCH_ROUNDS ?? 25);
const WARM_UP = 5;
const DEEP = 50;

/** What is searched for, as parameters; from everywhere to nowhere. */
const searchesOf = ({ itemId, adHocItemId }) => ({
  'a word of nearly all texts': 'q=research',
  'a common word': 'q=battery',
  'two common words': 'q=battery%20climate',
  'a phrase': 'q=%22carbon%20battery%22',
  'a rare word': `q=${WORDS.at(-1)}`,
  'a word of one text': `q=${Math.ceil(RUNS / 2)}`,
  'a common and a rare word': `q=battery%20${WORDS.at(-2)}`,
  'either of two words, without a third': 'q=battery%20or%20climate%20-system',
  'a word that is nowhere': 'q=unheardof',
  'two words that never meet': `q=${WORDS.at(-1)}%20${WORDS.at(-300)}`,
  'all but a word': 'q=-battery',
  'of runs alone': 'q=battery&type=run',
  'of an item with a tenth of the runs': `q=battery&research_item_id=${adHocItemId}`,
  'of an item with many prompts': `q=battery&research_item_id=${itemId}`,
  'of days a year ago': `q=battery&from=${daysAgo(400)}&to=${daysAgo(370)}`,
  'up to a year ago': `q=battery&to=${daysAgo(365)}`,
  '100 hits': 'q=battery&limit=100',
});

function daysAgo(days) {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
}

/** Fills the database, and then its search at once: run by run it would take an hour. */
async function fill(databaseUrl) {
  const { Search1790000000010 } = await import('../dist/migrations/1790000000010-search.js');
  const { SearchLeaps1790000000015 } = await import('../dist/migrations/1790000000015-search-leaps.js');
  return onServer(async (client) => {
    const admin = 'select user_id::integer as id from api_keys where bootstrap';
    const userId = (await client.query(admin)).rows[0].id;
    const [search, leaps] = [new Search1790000000010(), new SearchLeaps1790000000015()];
    await leaps.down(client);
    await search.down(client);
    const seeded = await seed(databaseUrl, { items: ITEMS, runs: RUNS, userId });
    await client.query(`set maintenance_work_mem = '1GB'`);
    const begun = performance.now();
    await search.up(client);
    await leaps.up(client);
    const minutes = (performance.now() - begun) / 60_000;
    await client.query('vacuum analyze search_documents');
    return { seeded, minutes };
  }, databaseUrl);
}

async function ask(client, parameters) {
  const headers = { authorization: `Bearer ${KEY}` };
  const { statusCode, body } = await client.request({ method: 'GET', path: `/api/v1/search?${parameters}`, headers });
  const answer = await body.json();
  if (statusCode !== 200) throw new Error(`${parameters} answered ${statusCode}: ${answer.detail}`);
  return answer;
}

/** Parameters of a page far behind the first. */
async function deepPage(client, parameters) {
  let { next_cursor: cursor } = await ask(client, parameters);
  for (let page = 2; page < DEEP; page += 1)
    ({ next_cursor: cursor } = await ask(client, `${parameters}&cursor=${cursor}`));
  return `${parameters}&cursor=${cursor}`;
}

/** How long searches take, one at a time, among many items and runs of one user. */
export async function search(temporary) {
  return withDatabase(async (DATABASE_URL) => {
    const folder = mkdtempSync(join(temporary, 'search-'));
    await (await startDossier(folder, { DATABASE_URL })).stop();
    const { seeded, minutes } = await fill(DATABASE_URL);
    const { url, stop } = await startDossier(folder, { DATABASE_URL });
    const client = new Client(url);
    const searches = { ...searchesOf(seeded), [`page ${DEEP} of a common word`]: await deepPage(client, 'q=battery') };
    const rows = [];
    for (const [name, parameters] of Object.entries(searches)) {
      const times = [];
      let hits = 0;
      for (let round = -WARM_UP; round < ROUNDS; round += 1) {
        const begun = performance.now();
        hits = (await ask(client, parameters)).items.length;
        if (round >= 0) times.push(performance.now() - begun);
      }
      rows.push([name, `${median(times).toFixed(1)} ms`, `${Math.max(...times).toFixed(1)} ms`, hits]);
    }
    await client.close();
    await stop();
    const filled = `${ITEMS} items and ${RUNS} runs, filed by the migration in ${minutes.toFixed(1)} minutes`;
    return table([[filled, 'median', 'longest', 'hits'], ...rows]);
  });
}
