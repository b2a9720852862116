import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { growth, memoryWhile, residentMb } from './support/memory.js';
import { withDatabase } from './support/postgres.js';
import { api, KEY, startDossier, startSimulator } from './support/processes.js';
import { table } from './support/statistics.js';

const READERS = Number(process.env.BENCH_READERS ?? 1000);
/** Two pieces of text that are a minute apart. */
const INPUT = '[[sim text="Graphite, slowly." deltas=2 delta_ms=60000]]';
const SETTLE_MS = 5000;

/** Opens a connection that follows a run, and resolves when its first event has come. */
function reader({ url }, id) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const head = `GET /api/v1/ai/runs/${id}/events HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${KEY}\r\n\r\n`;
    socket.once('connect', () => socket.write(head)).once('error', reject);
    socket.on('data', (chunk) => String(chunk).includes('event: run') && resolve(socket));
  });
}

/** Idle readers: what connections that follow one run cost while nothing happens. */
export async function readers(temporary) {
  return withDatabase(async (DATABASE_URL) => {
    const simulator = await startSimulator('--faults');
    const dossier = await startDossier(mkdtempSync(join(temporary, 'readers-')), {
      DATABASE_URL,
      CLAUDE_MODE: 'live',
      ANTHROPIC_API_KEY: 'bench',
      ANTHROPIC_BASE_URL: simulator.url,
      CLAUDE_IDLE_TIMEOUT_MS: '300000',
    });
    const { id } = await api(dossier.url, '/ai/runs', { input: INPUT }, { prefer: 'wait=1' });
    const sockets = [await reader(dossier, id)];
    const { before, most } = await memoryWhile(dossier, async () => {
      while (sockets.length < READERS) sockets.push(await reader(dossier, id));
      await sleep(SETTLE_MS);
    });
    const present = await residentMb(dossier);
    for (const socket of sockets) socket.destroy();
    await dossier.stop();
    await simulator.stop();
    return table([
      [`${READERS} idle readers of one run`, 'figure'],
      ['memory before', `${before.toFixed(0)} MB`],
      ['the most', growth(before, most)],
      [`${SETTLE_MS / 1000} s after the last`, growth(before, present)],
    ]);
  });
}
