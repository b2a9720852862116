import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { growth, memoryWhile } from './support/memory.js';
import { CLAUDE_HEADERS, post } from './support/post.js';
import { withDatabase } from './support/postgres.js';
import { api, KEY, startDossier, startSimulator } from './support/processes.js';
import { median, table } from './support/statistics.js';

const MODEL = 'claude-sonnet-5-5';
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
/** Batches before those that count: V8 has compiled what they need after some three thousand runs, and not before. */
const WARM_UP = 3;
/** As many queries of so many milliseconds, so many at a time. */
const QUERIES = 1000;
const QUERY_MS = 200;
const CONCURRENCY = 50;
const IDEAL_SECONDS = ((QUERIES / CONCURRENCY) * QUERY_MS) / 1000;
/** The largest batch, and the length of an answer in it. */
const LARGE = 10_000;
const ANSWER = 'What limits the charging speed of a cell is how fast lithium enters graphite. '.repeat(13);

const queriesOf = (count, input) =>
  Array.from({ length: count }, (_, n) => ({ input: `${n} ${input}`, settings: { model: MODEL, max_tokens: 300 } }));

/** Waits until a batch is over. */
async function over(dossier, id) {
  for (;;) {
    const batch = await api(dossier.url, `/ai/batches/${id}`);
    if (batch.finished_at === null) await sleep(250);
    else if (batch.counts.succeeded === batch.counts.total) return batch;
    else throw new Error(`Not every query succeeded: ${JSON.stringify(batch.counts)}`);
  }
}

/** Seconds from asking for a batch to the end of its last query. */
async function batchSeconds(dossier, input) {
  const begun = Date.now();
  const { id } = await api(dossier.url, '/ai/batches', { queries: queriesOf(QUERIES, input) });
  // Looked at only when it is about over: asking costs the server time too.
  await sleep(IDEAL_SECONDS * 1000);
  return (Date.parse((await over(dossier, id)).finished_at) - begun) / 1000;
}

/** Seconds that the same calls take when a client makes them itself over as many connections. */
async function directSeconds(simulator, input) {
  const pool = new Pool(simulator.url, { connections: CONCURRENCY, pipelining: 1 });
  const questions = queriesOf(QUERIES, input).map(({ input: content }) => ({
    model: MODEL,
    max_tokens: 300,
    stream: true,
    messages: [{ role: 'user', content }],
  }));
  const begun = performance.now();
  const worker = async () => {
    for (let question = questions.pop(); question; question = questions.pop()) {
      await (await post(pool, '/v1/messages', CLAUDE_HEADERS, question)).dump({ limit: Infinity });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const seconds = (performance.now() - begun) / 1000;
  await pool.destroy();
  return seconds;
}

async function speed(simulator, dossier) {
  const input = `[[sim slow_ms=${QUERY_MS} text="Graphite."]]`;
  const figures = { direct: [], batch: [] };
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    figures.direct.push(await directSeconds(simulator, input));
    figures.batch.push(await batchSeconds(dossier, input));
  }
  const [first] = figures.batch;
  const [direct, batch] = [median(figures.direct.slice(WARM_UP)), median(figures.batch.slice(WARM_UP))];
  return [
    [`${QUERIES} queries of ${QUERY_MS} ms, ${CONCURRENCY} at a time: ideal`, `${IDEAL_SECONDS.toFixed(2)} s`],
    ['called directly, of the ideal', (direct / IDEAL_SECONDS).toFixed(3)],
    ['as the first batch of a new process, of the ideal', (first / IDEAL_SECONDS).toFixed(3)],
    ['as a batch, of the ideal', (batch / IDEAL_SECONDS).toFixed(3)],
    ['as a batch, of the direct calls', (batch / direct).toFixed(3)],
  ];
}

/** Posts the largest batch; answers it and the seconds until it was accepted. */
async function acceptLarge(dossier) {
  const queries = queriesOf(LARGE, `[[sim text="${ANSWER}"]]`);
  const pool = new Pool(dossier.url, { connections: 1, headersTimeout: 0 });
  const begun = performance.now();
  const body = await post(pool, '/api/v1/ai/batches', { authorization: `Bearer ${KEY}` }, { queries });
  const { id } = await body.json();
  const seconds = (performance.now() - begun) / 1000;
  await pool.destroy();
  return { id, seconds };
}

async function readResults(dossier, id) {
  const pool = new Pool(dossier.url, { connections: 1, headersTimeout: 0 });
  const path = `/api/v1/ai/batches/${id}/results`;
  const { body } = await pool.request({ method: 'GET', path, headers: { authorization: `Bearer ${KEY}` } });
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  await pool.destroy();
  return bytes;
}

async function large(dossier) {
  const accepting = await memoryWhile(dossier, () => acceptLarge(dossier));
  const begun = performance.now();
  const { id, seconds } = accepting.result;
  await over(dossier, id);
  const worked = (performance.now() - begun) / 1000;
  await sleep(5000);
  const reading = await memoryWhile(dossier, () => readResults(dossier, id));
  return [
    [`${LARGE} queries: accepted in`, `${seconds.toFixed(2)} s`],
    ['memory before', `${accepting.before.toFixed(0)} MB`],
    ['the most while accepting', growth(accepting.before, accepting.most)],
    ['worked off, a second', (LARGE / worked).toFixed(0)],
    [`results, ${(reading.result / 1e6).toFixed(0)} MB: memory before`, `${reading.before.toFixed(0)} MB`],
    ['the most while reading', growth(reading.before, reading.most)],
  ];
}

/** How long another user's smallest request has to wait, at most, while the embedded database accepts the largest batch. */
async function embeddedStall(simulator, temporary) {
  const dossier = await startDossier(mkdtempSync(join(temporary, 'embedded-')), liveAgainst(simulator));
  let [over, most] = [false, 0];
  const asking = (async () => {
    while (!over) {
      const begun = performance.now();
      await api(dossier.url, '/me');
      most = Math.max(most, performance.now() - begun);
      await sleep(20);
    }
  })();
  const { seconds } = await acceptLarge(dossier).finally(() => (over = true));
  await asking;
  await dossier.stop();
  return [
    [`embedded: ${LARGE} accepted in`, `${seconds.toFixed(2)} s`],
    ['the longest GET /me meanwhile', `${(most / 1000).toFixed(2)} s`],
  ];
}

const liveAgainst = ({ url }) => ({
  CLAUDE_MODE: 'live',
  ANTHROPIC_API_KEY: 'bench',
  ANTHROPIC_BASE_URL: url,
  CLAUDE_MAX_CONCURRENCY: String(CONCURRENCY),
});

/** Batches: how near they come to Claude's own pace, and what the largest costs. */
export async function batches(temporary) {
  return withDatabase(async (DATABASE_URL) => {
    const simulator = await startSimulator('--faults');
    const dossier = await startDossier(mkdtempSync(join(temporary, 'batches-')), {
      DATABASE_URL,
      ...liveAgainst(simulator),
    });
    const rows = [...(await speed(simulator, dossier)), ...(await large(dossier))];
    await dossier.stop();
    rows.push(...(await embeddedStall(simulator, temporary)));
    await simulator.stop();
    return table([['batches', 'figure'], ...rows]);
  });
}
