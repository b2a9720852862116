import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onServer, withDatabase } from './support/postgres.js';
import { api, KEY, metric, startDossier } from './support/processes.js';
import { table } from './support/statistics.js';

const SMALL = 200;
const LARGE = Number(process.env.BENCH_EXPORT_RUNS ?? 20_000);
const ANSWER = `${'Lithium dendrites grow where the current is densest, says `a<b>`.\n\n'.repeat(30)}`;
const SAMPLE_MS = 20;

const SEED = `
  insert into runs (user_id, status, research_item_id, model, settings, messages, output_text, output, usage, cost_nano_usd,
                    billing_state, billing_min_nano_usd, billing_max_nano_usd, simulated, created_at, started_at, finished_at)
  select i.user_id, 'succeeded', i.id, 'claude-sonnet-5-5', '{"max_tokens": 300}',
         json_build_array(json_build_object('role', 'user', 'content', 'Question ' || n)), $2,
         json_build_array(json_build_object('type', 'text', 'text', $2::text)),
         '{"input_tokens": 10, "output_tokens": 500, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}',
         1000, 'settled', 1000, 1000, true, now(), now(), now()
  from research_items i, generate_series(1, $3::integer) n where i.id = $1`;

/** An item with so many answers of no prompt. */
async function seed(url, databaseUrl, runs) {
  const { id } = await api(url, '/research-items', { title: `${runs} answers` });
  await onServer((client) => client.query(SEED, [id, ANSWER, runs]), databaseUrl);
  return id;
}

/** Reads an export to its end, and looks at the server's resident memory meanwhile. */
async function measure(url, id, format) {
  const resident = async () => (await metric(url, 'process_resident_memory_bytes')) / 1e6;
  const before = await resident();
  let most = before;
  let over = false;
  const begun = performance.now();
  const download = async () => {
    const path = `${url}/api/v1/research-items/${id}/export?format=${format}`;
    const response = await fetch(path, { headers: { authorization: `Bearer ${KEY}` } });
    let bytes = 0;
    for await (const chunk of response.body) bytes += chunk.length;
    over = true;
    return { megabytes: bytes / 1e6, seconds: (performance.now() - begun) / 1000 };
  };
  const watch = async () => {
    while (!over) {
      most = Math.max(most, await resident());
      await sleep(SAMPLE_MS);
    }
  };
  const [{ megabytes, seconds }] = await Promise.all([download(), watch()]);
  return { megabytes, seconds, grown: most - before };
}

/** How much memory an export of very many answers takes, beside one of some. */
export async function exports(temporary) {
  return withDatabase(async (databaseUrl) => {
    const folder = mkdtempSync(join(temporary, 'exports-'));
    const dossier = await startDossier(folder, { DATABASE_URL: databaseUrl });
    const sizes = {
      [SMALL]: await seed(dossier.url, databaseUrl, SMALL),
      [LARGE]: await seed(dossier.url, databaseUrl, LARGE),
    };
    const rows = [];
    for (const format of ['json', 'markdown']) {
      // What the code itself takes when it first runs is no part of the document.
      for (let round = 0; round < 5; round += 1) await measure(dossier.url, sizes[SMALL], format);
      for (const [runs, id] of Object.entries(sizes)) {
        const { megabytes, seconds, grown } = await measure(dossier.url, id, format);
        rows.push([format, runs, `${megabytes.toFixed(1)} MB`, `${seconds.toFixed(2)} s`, `${grown.toFixed(1)} MB`]);
      }
    }
    await dossier.stop();
    return table([['format', 'answers', 'document', 'time', 'resident memory grown by'], ...rows]);
  });
}
