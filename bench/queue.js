import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDatabase } from './support/postgres.js';
import { api, startDossier, startSimulator } from './support/processes.js';
import { median, table } from './support/statistics.js';

const RUNS = Number(process.env.BENCH_PAIRS ?? 200);
const WARM_UP = 30;
/** Long enough for a run to end and the queue to be idle again. */
const PAUSE_MS = 60;

async function ended(dossier, id) {
  for (;;) {
    const run = await api(dossier.url, `/ai/runs/${id}`);
    if (run.finished_at !== null) return run;
    await sleep(20);
  }
}

/** When the call of a run reached the simulated Claude, in milliseconds of the clock. */
async function calledAt(simulator, marker) {
  const query = new URLSearchParams({ contains: marker, path: '/v1/messages' });
  const { calls } = await (await fetch(`${simulator.url}/__calls?${query}`)).json();
  if (calls.length !== 1) throw new Error(`${calls.length} calls with ${marker}`);
  return Date.parse(calls[0].at);
}

async function measure(simulator, dossier) {
  const figures = { answered: [], started: [], called: [] };
  for (let n = -WARM_UP; n < RUNS; n += 1) {
    const marker = `queued-${process.pid}-${n}.`;
    const begun = Date.now();
    const { id } = await api(dossier.url, '/ai/runs', { input: marker }, { prefer: 'respond-async' });
    const answered = Date.now() - begun;
    await sleep(PAUSE_MS);
    const { created_at, started_at } = await ended(dossier, id);
    if (n < 0) continue;
    figures.answered.push(answered);
    figures.started.push(Date.parse(started_at) - Date.parse(created_at));
    figures.called.push((await calledAt(simulator, marker)) - begun);
  }
  return figures;
}

/** The queue when it is idle: how soon a run that is left to it begins. */
export async function queue(temporary) {
  return withDatabase(async (DATABASE_URL) => {
    const simulator = await startSimulator('--faults');
    const dossier = await startDossier(mkdtempSync(join(temporary, 'queue-')), {
      DATABASE_URL,
      CLAUDE_MODE: 'live',
      ANTHROPIC_API_KEY: 'bench',
      ANTHROPIC_BASE_URL: simulator.url,
    });
    const { answered, started, called } = await measure(simulator, dossier);
    await dossier.stop();
    await simulator.stop();
    return table([
      ['a run with respond-async, one at a time', 'median'],
      ['asked for until answered with 202', `${median(answered).toFixed(0)} ms`],
      ['accepted until started', `${median(started).toFixed(0)} ms`],
      ['asked for until its call reaches Claude', `${median(called).toFixed(0)} ms`],
    ]);
  });
}
