import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { withDatabase } from './support/postgres.js';
import { api, metric, startDossier } from './support/processes.js';
import { table } from './support/statistics.js';

const TRIES = 12;
const COUNTER = 'dossier_database_queries_total';

/** Statements that one request costs: the least of several tries, since the queue's poll may fall into one. */
async function statementsOf(url, act) {
  await act();
  let least = Infinity;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const before = await metric(url, COUNTER);
    await act();
    least = Math.min(least, (await metric(url, COUNTER)) - before);
  }
  return least;
}

/** How many statements a request sends to the database, the key being known already. */
export async function queries(temporary) {
  return withDatabase(async (DATABASE_URL) => {
    const { url, stop } = await startDossier(mkdtempSync(join(temporary, 'queries-')), { DATABASE_URL });
    const call = (path, body) => api(url, path, body);
    const { id: item } = await call('/research-items', { title: 'Tides' });
    const { id: prompt } = await call(`/research-items/${item}/prompts`, { name: 'p', template: 'On {{topic}}.' });
    const { id: run } = await call('/ai/runs', { input: 'On tides.' });
    const requests = {
      'GET an item': [`/research-items/${item}`],
      'GET a list of items': ['/research-items'],
      'GET a list of items with their prompts': ['/research-items?include=prompts'],
      'GET a finished run': [`/ai/runs/${run}`],
      'POST an item': ['/research-items', { title: 'New' }],
      'POST a run of a text, waited for': ['/ai/runs', { input: 'On tides.' }],
      'POST a run of a prompt, waited for': ['/ai/runs', { prompt_id: prompt, variables: { topic: 'tides' } }],
    };
    const rows = [];
    for (const [name, request] of Object.entries(requests)) {
      rows.push([name, await statementsOf(url, () => call(...request))]);
    }
    await stop();
    return table([['request', 'statements'], ...rows]);
  });
}
