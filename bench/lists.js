import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'undici';
import { seed } from './support/seed.js';
import { listsOf } from './support/seeding/lists.js';
import { onServer, withDatabase } from './support/postgres.js';
import { KEY, startDossier } from './support/processes.js';
import { lowerQuartile, table } from './support/statistics.js';

const ITEMS = Number(process.env.BENCH_ITEMS ?? 100_000);
const RUNS = Number(process.env.BENCH_RUNS ?? 1_000_000);
const ROUNDS = Number(process.env.BENCH_LIST_ROUNDS ?? 40);
const WARM_UP = 5;
const SMALL = 1000;
const PEPPER = 'a pepper of the benchmark of lists';
const ENV = { STATISTICS_TTL_SECONDS: '0', API_KEY_PEPPER: PEPPER };

/** Makes cursors as Dossier does, so that a deep page need not be walked to. */
async function cursorsOf(pepper) {
  const { Cursors } = await import('../dist/platform/paging/cursors.js');
  const { pageScope } = await import('../dist/platform/paging/pager.js');
  const { Secrets } = await import('../dist/platform/config/secrets.js');
  const cursors = new Cursors(new Secrets({ identity: { apiKeyPepper: pepper } }));
  return (id, userId, [list, filters]) => cursors.encode([id], pageScope(list, userId, filters));
}

/** Dossier on a database that has been seeded for its admin. */
async function seeded(temporary, databaseUrl, size) {
  const folder = mkdtempSync(join(temporary, 'lists-'));
  const env = { DATABASE_URL: databaseUrl, ...ENV };
  await (await startDossier(folder, env)).stop();
  const admin = 'select user_id::integer as id from api_keys where bootstrap';
  const { rows } = await onServer((client) => client.query(admin), databaseUrl);
  const ids = await seed(databaseUrl, { ...size, userId: rows[0].id });
  const { url, stop } = await startDossier(folder, env);
  return { databaseUrl, url, stop, ids };
}

/** The path of the page that begins behind nine tenths of a list's rows; null when there are too few. */
async function deepPage({ databaseUrl, ids }, list, encode) {
  if (!list.rows) return null;
  const from = list.rows.replace('$USER', ids.userId);
  const place = `select id from ${from} order by id desc offset (select count(*) * 9 / 10 from ${from}) limit 1`;
  const { rows } = await onServer((client) => client.query(place), databaseUrl);
  const id = rows[0] ? Number(rows[0].id) : null;
  return id === null ? null : `${list.path}&cursor=${encode(id + 1, ids.userId, list.scope)}`;
}

async function timed(client, path) {
  const begun = performance.now();
  const headers = { authorization: `Bearer ${KEY}` };
  const { statusCode, body } = await client.request({ method: 'GET', path: `/api/v1${path}`, headers });
  const text = await body.text();
  if (statusCode >= 300) throw new Error(`${path} answered ${statusCode}: ${text}`);
  return performance.now() - begun;
}

/** Lower quartiles in ms of the first page of a small and a large list and of a deep page of the large one, asked in turns. */
async function measure(list, small, large, deep) {
  const asked = [
    [small.client, list.small],
    [large.client, list.large],
    ...(deep === null ? [] : [[large.client, deep]]),
  ];
  const figures = asked.map(() => []);
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const [index, [client, path]] of asked.entries()) {
      const ms = await timed(client, path);
      if (round >= 0) figures[index].push(ms);
    }
  }
  return figures.map(lowerQuartile);
}

/** Every list of `small` and `large`, two Dossiers with what `seed` answered of each. */
export async function compareLists(small, large, pepper = PEPPER) {
  const encode = await cursorsOf(pepper);
  const [ofSmall, ofLarge] = [small, large].map(({ ids }) => listsOf(ids));
  const sides = [small, large].map((side) => ({ ...side, client: new Client(side.url) }));
  const rows = [['list', 'small, ms', 'large', 'deep', 'large : small', 'deep : large']];
  for (const [index, list] of ofLarge.entries()) {
    const paths = { small: ofSmall[index].path, large: list.path };
    const [few, many, deep] = await measure(paths, ...sides, await deepPage(large, list, encode));
    const ratio = (one, other) => (one === undefined ? '' : (one / other).toFixed(2));
    rows.push([
      list.name,
      few.toFixed(2),
      many.toFixed(2),
      deep?.toFixed(2) ?? '',
      ratio(many, few),
      ratio(deep, many),
    ]);
  }
  await Promise.all(sides.map(({ client }) => client.close()));
  return table(rows);
}

/** Whether lists stay as quick as they are with a thousand rows. */
export async function lists(temporary) {
  return withDatabase((smallUrl) =>
    withDatabase(async (largeUrl) => {
      const small = await seeded(temporary, smallUrl, { items: SMALL, runs: SMALL });
      const large = await seeded(temporary, largeUrl, { items: ITEMS, runs: RUNS });
      const report = await compareLists(small, large);
      await Promise.all([small.stop(), large.stop()]);
      return report;
    }),
  );
}
