import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool } from 'undici';
import { growth } from './support/memory.js';
import { CLAUDE_HEADERS, post } from './support/post.js';
import { withDatabase } from './support/postgres.js';
import { KEY, metric, startDossier, startSimulator } from './support/processes.js';
import { median, table } from './support/statistics.js';

const MODEL = 'claude-sonnet-5-5';
const PAIRS = Number(process.env.BENCH_PAIRS ?? 300);
const WARM_UP = 100;
const STREAMS = Number(process.env.BENCH_STREAMS ?? 500);
/** Twenty pieces of text a second, for ten seconds. */
const DELTAS = 200;
const DELTA_MS = 50;
const PIECE = 'Lithium dendrites grow where the current is densest. ';
const SETTLE_MS = 10_000;

const dossierHeaders = { authorization: `Bearer ${KEY}`, accept: 'text/event-stream' };

/** Asks for a stream. Answers the milliseconds to its first text, having read it to the end. */
async function firstText(client, path, headers, json, sign) {
  const begun = performance.now();
  const body = await post(client, path, headers, json);
  let first = null;
  for await (const chunk of body) if (first === null && chunk.includes(sign)) first = performance.now() - begun;
  if (first === null) throw new Error(`${path} streamed no text`);
  return first;
}

/** What a stream through Dossier adds to the time until its first text. */
async function timeToFirstText(simulator, dossier) {
  const [toClaude, toDossier] = [new Client(simulator.url), new Client(dossier.url)];
  const question = { model: MODEL, max_tokens: 300, stream: true, messages: [{ role: 'user', content: PIECE }] };
  const body = { input: PIECE, settings: { model: MODEL, max_tokens: 300 } };
  const figures = { direct: [], streamed: [] };
  for (let pair = -WARM_UP; pair < PAIRS; pair += 1) {
    const direct = await firstText(toClaude, '/v1/messages', CLAUDE_HEADERS, question, 'text_delta');
    const streamed = await firstText(toDossier, '/api/v1/ai/runs', dossierHeaders, body, 'event: delta');
    if (pair < 0) continue;
    figures.direct.push(direct);
    figures.streamed.push(streamed);
  }
  await Promise.all([toClaude.close(), toDossier.close()]);
  return { direct: median(figures.direct), streamed: median(figures.streamed) };
}

const residentMb = async (dossier) => (await metric(dossier.url, 'process_resident_memory_bytes')) / 1e6;

/** Resident memory before, at most during, and after many streams at once. */
async function memory(dossier) {
  const pool = new Pool(dossier.url, { connections: STREAMS, headersTimeout: 0, bodyTimeout: 0 });
  const input = `[[sim text="${PIECE.repeat(DELTAS)}" deltas=${DELTAS} delta_ms=${DELTA_MS}]]`;
  const body = { input, settings: { model: MODEL, max_tokens: 8000 } };
  const stream = () => firstText(pool, '/api/v1/ai/runs', dossierHeaders, body, 'event: delta');
  await stream();
  const before = await residentMb(dossier);
  const begun = performance.now();
  let most = before;
  let over = false;
  const all = Promise.all(Array.from({ length: STREAMS }, stream)).finally(() => (over = true));
  while (!over) {
    most = Math.max(most, await residentMb(dossier));
    await Promise.race([all, sleep(250)]);
  }
  const seconds = (performance.now() - begun) / 1000;
  await pool.destroy();
  await sleep(SETTLE_MS);
  return { before, most, after: await residentMb(dossier), seconds };
}

/** Streams: how soon they begin, and what many of them at once take of memory. */
export async function streams(temporary) {
  return withDatabase(async (DATABASE_URL) => {
    const simulator = await startSimulator('--faults');
    const dossier = await startDossier(mkdtempSync(join(temporary, 'streams-')), {
      DATABASE_URL,
      CLAUDE_MODE: 'live',
      ANTHROPIC_API_KEY: 'bench',
      ANTHROPIC_BASE_URL: simulator.url,
      CLAUDE_MAX_CONCURRENCY: String(STREAMS),
    });
    const first = await timeToFirstText(simulator, dossier);
    const { before, most, after, seconds } = await memory(dossier);
    await dossier.stop();
    await simulator.stop();
    const ideal = (DELTAS * DELTA_MS) / 1000;
    return table([
      ['streams', 'figure'],
      ['first text, Claude (simulated) called directly', `${first.direct.toFixed(2)} ms`],
      ['first text, through Dossier', `${first.streamed.toFixed(2)} ms`],
      ['added', `${(first.streamed - first.direct).toFixed(2)} ms`],
      [`${STREAMS} at once: memory before`, `${before.toFixed(0)} MB`],
      ['the most', growth(before, most)],
      [`${SETTLE_MS / 1000} s later`, growth(before, after)],
      ['time taken, of the pace of Claude', `${(seconds / ideal).toFixed(2)}`],
    ]);
  });
}
