import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'undici';
import { CLAUDE_HEADERS, post } from './support/post.js';
import { withDatabase } from './support/postgres.js';
import { KEY, startDossier, startSimulator } from './support/processes.js';
import { median, table } from './support/statistics.js';

const WARM_UP = 200;
const PAIRS = Number(process.env.BENCH_PAIRS ?? 500);
const MODEL = 'claude-sonnet-5-5';
const TEXT = 'What limits the charging speed of solid-state batteries?';

/** One request on a connection that stays open; answers its milliseconds, to the last byte. */
async function timed(client, path, headers, json) {
  const begun = performance.now();
  const body = await post(client, path, headers, json);
  await body.dump({ limit: Infinity });
  return performance.now() - begun;
}

/** What it costs to have a run recorded: one at a time, beside the same call made to the simulated Claude directly. */
export async function runs(temporary) {
  return withDatabase(async (DATABASE_URL) => {
    const simulator = await startSimulator();
    const env = { DATABASE_URL, CLAUDE_MODE: 'live', ANTHROPIC_API_KEY: 'bench', ANTHROPIC_BASE_URL: simulator.url };
    const dossier = await startDossier(mkdtempSync(join(temporary, 'runs-')), env);
    const [toClaude, toDossier] = [new Client(simulator.url), new Client(dossier.url)];
    const question = { model: MODEL, max_tokens: 300, stream: true, messages: [{ role: 'user', content: TEXT }] };
    const ask = () => timed(toClaude, '/v1/messages', CLAUDE_HEADERS, question);
    const body = { input: TEXT, settings: { model: MODEL, max_tokens: 300 } };
    const run = () => timed(toDossier, '/api/v1/ai/runs', { authorization: `Bearer ${KEY}` }, body);
    const figures = { direct: [], recorded: [] };
    for (let pair = -WARM_UP; pair < PAIRS; pair += 1) {
      const [direct, recorded] = [await ask(), await run()];
      if (pair < 0) continue;
      figures.direct.push(direct);
      figures.recorded.push(recorded);
    }
    await Promise.all([toClaude.close(), toDossier.close()]);
    await dossier.stop();
    await simulator.stop();
    const added = median(figures.recorded) - median(figures.direct);
    return table([
      ['one at a time', 'median'],
      ['Claude, simulated, called directly', `${median(figures.direct).toFixed(2)} ms`],
      ['a recorded run of it', `${median(figures.recorded).toFixed(2)} ms`],
      ['added', `${added.toFixed(2)} ms`],
    ]);
  });
}
