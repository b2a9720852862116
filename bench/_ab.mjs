import { mkdtempSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDatabase } from './support/postgres.js';
import * as now from './support/processes.js';
import * as old from '/tmp/rep/old/bench/support/processes.js';
import { Pool } from 'undici'; import { CLAUDE_HEADERS, post } from './support/post.js';
const N = 1000, q = '[[sim slow_ms=200 text="Graphite."]]';
const queries = Array.from({ length: N }, (_, n) => ({ input: `${n} ${q}`, settings: { model: 'claude-sonnet-5-5', max_tokens: 300 } }));
async function direct(url) { const pool = new Pool(url, { connections: 50, pipelining: 1 }); let n = 0; const b = performance.now();
 await Promise.all(Array.from({ length: 50 }, async () => { while (n++ < N) await (await post(pool, '/v1/messages', CLAUDE_HEADERS, { model: 'claude-sonnet-5-5', max_tokens: 300, stream: true, messages: [{ role: 'user', content: n + ' ' + q }] })).dump({ limit: Infinity }); }));
 await pool.destroy(); return (performance.now() - b) / 4000; }
const once = async (d) => { const b = Date.now(); const { id } = await now.api(d.url, '/ai/batches', { queries }); const acc = Date.now() - b; await sleep(3800); let x; while (!(x = await now.api(d.url, `/ai/batches/${id}`)).finished_at) await sleep(150); return [(Date.parse(x.finished_at) - b) / 4000, acc]; };
const env = (DATABASE_URL, s) => ({ DATABASE_URL, CLAUDE_MODE: 'live', ANTHROPIC_API_KEY: 'bench', ANTHROPIC_BASE_URL: s.url, CLAUDE_MAX_CONCURRENCY: '50' });
try { await withDatabase((A) => withDatabase(async (B) => {
  const s = await now.startSimulator('--faults');
  const a = await old.startDossier(mkdtempSync('/tmp/rep/d-'), env(A, s)); const b = await now.startDossier(mkdtempSync('/tmp/rep/d-'), env(B, s));
  for (let r = 0; r < Number(process.env.R ?? 4); r++) { const d = await direct(s.url); const [o, oa] = await once(a); const [n, na] = await once(b); console.log('direct', d.toFixed(3), 'old', o.toFixed(3), oa, 'new', n.toFixed(3), na); }
  await a.stop(); await b.stop(); await s.stop();
})); } finally { await now.stopAll(); await old.stopAll(); }
