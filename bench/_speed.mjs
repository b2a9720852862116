import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDatabase, onServer } from './support/postgres.js';
import { api, startDossier, startSimulator, stopAll } from './support/processes.js';
const N = 1000;
import { Pool } from 'undici'; import { CLAUDE_HEADERS, post } from './support/post.js';
async function direct(url, q) { const pool = new Pool(url, { connections: 50, pipelining: 1 }); let n = 0; const b = performance.now();
 await Promise.all(Array.from({ length: 50 }, async () => { while (n++ < N) await (await post(pool, '/v1/messages', CLAUDE_HEADERS, { model: 'claude-sonnet-5-5', max_tokens: 300, stream: true, messages: [{ role: 'user', content: n + ' ' + q }] })).dump({ limit: Infinity }); }));
 await pool.destroy(); return (performance.now() - b) / 4000; }
const queriesOf = (count, input) => Array.from({ length: count }, (_, n) => ({ input: `${n} ${input}`, settings: { model: 'claude-sonnet-5-5', max_tokens: 300 } }));
try { await withDatabase(async (DATABASE_URL) => {
  const simulator = await startSimulator('--faults');
  const dossier = await startDossier(mkdtempSync('/tmp/rep/d-'), { DATABASE_URL, CLAUDE_MODE: 'live', ANTHROPIC_API_KEY: 'bench', ANTHROPIC_BASE_URL: simulator.url, CLAUDE_MAX_CONCURRENCY: '50', ...(process.env.PROF ? { NODE_OPTIONS: '--import file:///tmp/rep/prof.mjs' } : {}), ...(process.env.POOL?{DATABASE_POOL_SIZE:process.env.POOL}:{}) });
  const q = process.env.Q ?? '[[sim slow_ms=200 text="Graphite."]]';
  const cpu = async () => { const t = await (await fetch(dossier.url + '/metrics')).text(); return [Number(/^process_cpu_seconds_total (\S+)/m.exec(t)[1]), Number(/^dossier_database_queries_total (\S+)/m.exec(t)?.[1] ?? 0)]; };
  for (let r = 0; r < Number(process.env.R ?? 3); r++) {
    const d = await direct(simulator.url, q); const c0 = await cpu();
    const b = Date.now();
    const { id } = await api(dossier.url, '/ai/batches', { queries: queriesOf(N, q) });
    const acc = Date.now() - b;
    const waits = {}; let over = false;
    const sampling = process.env.WAITS ? onServer(async (c) => { while (!over) { const { rows } = await c.query(`select coalesce(wait_event_type||':'||wait_event,'CPU') w, left(regexp_replace(query,'\\s+',' ','g'),60) q from pg_stat_activity where state='active' and pid<>pg_backend_pid() and datname=current_database()`); for (const x of rows) waits[x.w+' '+x.q]=(waits[x.w+' '+x.q]??0)+1; await sleep(10);} }, DATABASE_URL) : null;
    await sleep(3500);
    let x; while (!(x = await api(dossier.url, `/ai/batches/${id}`)).finished_at) await sleep(100);
    over = true; await sampling;
    const c1 = await cpu();
    console.log('direct', d.toFixed(3), 'batch', ((Date.parse(x.finished_at) - b) / 4000).toFixed(3), 'accept ms', acc, 'cpu s', (c1[0] - c0[0]).toFixed(2), 'statements/run', ((c1[1]-c0[1])/N).toFixed(2));
    if (process.env.WAITS) console.log(Object.entries(waits).sort((a,b)=>b[1]-a[1]).slice(0,25).map(([k,v])=>v+' '+k).join('\n'));
  }
  await dossier.stop(); await simulator.stop();
}); } finally { await stopAll(); }
