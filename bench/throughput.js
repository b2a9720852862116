import { createHmac } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { requestsPerSecond } from './support/load.js';
import { onServer, withDatabase } from './support/postgres.js';
import { KEY, startBareServer, startDossier } from './support/processes.js';
import { median, table } from './support/statistics.js';

const CONNECTIONS = 32;
const ITEMS = 2000;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const ROUND_MS = Number(process.env.BENCH_ROUND_MS ?? 2000);
/** A framework needs its code compiled by the engine, and more of it than bare code has. */
const WARM_UP_MS = Number(process.env.BENCH_WARM_UP_MS ?? 5000);

const headers = { authorization: `Bearer ${KEY}` };
const WORK = {
  'read an item': (n) => ({ method: 'GET', path: `/api/v1/research-items/${(n % ITEMS) + 1}`, headers }),
  'list 20 items': () => ({ method: 'GET', path: '/api/v1/research-items?limit=20', headers }),
  'create an item': (n) => ({
    method: 'POST',
    path: '/api/v1/research-items',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ title: `Item ${n}`, description: 'Made to be counted.', tags: ['bench'] }),
  }),
};

/** Items of the admin, and the admin's key as the bare server looks it up. */
async function seed(databaseUrl) {
  await onServer(async (client) => {
    await client.query(
      `insert into research_items (user_id, title, description, tags)
       select 1, 'Item ' || n, 'Made to be read.', array['bench'] from generate_series(1, $1::integer) n`,
      [ITEMS],
    );
    await client.query('create table bench_keys (hash bytea primary key, user_id bigint, scopes text[])');
    const hash = createHmac('sha256', 'pepper').update(KEY).digest();
    await client.query(`insert into bench_keys values ($1, 1, '{read,write,run,admin}')`, [hash]);
    await client.query('analyze');
  }, databaseUrl);
}

/** Both in turns, so that what else happens on the machine meets both; who begins changes too. */
async function compare(makeRequest, dossierUrl, bareUrl) {
  const figures = { dossier: [], bare: [] };
  const sides = [
    ['dossier', dossierUrl],
    ['bare', bareUrl],
  ];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [side, url] of round % 2 === 0 ? sides : sides.toReversed()) {
      const options = { connections: CONNECTIONS, durationMs: ROUND_MS };
      figures[side].push(await requestsPerSecond(url, makeRequest, options));
    }
  }
  const ratios = figures.dossier.map((rate, round) => rate / figures.bare[round]);
  return { dossier: median(figures.dossier), bare: median(figures.bare), ratios };
}

/** The median, and between what it lies: far apart, the machine was not quiet. */
function spread(ratios) {
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
  return [median(ratios).toFixed(2), `${least} to ${most}`];
}

/** Requests per second beside bare Fastify and pg. */
export async function throughput(temporary) {
  return withDatabase(async (DATABASE_URL) => {
    const dossier = await startDossier(mkdtempSync(join(temporary, 'throughput-')), { DATABASE_URL });
    await seed(DATABASE_URL);
    const bare = await startBareServer(DATABASE_URL);
    for (const makeRequest of Object.values(WORK)) {
      for (const { url } of [dossier, bare]) {
        await requestsPerSecond(url, makeRequest, { connections: CONNECTIONS, durationMs: WARM_UP_MS });
      }
    }
    const rows = [];
    for (const [name, makeRequest] of Object.entries(WORK)) {
      const { dossier: ours, bare: theirs, ratios } = await compare(makeRequest, dossier.url, bare.url);
      rows.push([name, `${Math.round(ours)}/s`, `${Math.round(theirs)}/s`, ...spread(ratios)]);
    }
    await dossier.stop();
    await bare.stop();
    return table([[`${CONNECTIONS} connections`, 'Dossier', 'bare', 'ratio', 'of all rounds'], ...rows]);
  });
}
