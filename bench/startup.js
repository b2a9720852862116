import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDatabase } from './support/postgres.js';
import { metric, startDossier } from './support/processes.js';
import { median, table } from './support/statistics.js';

const ROUNDS = 3;
const SETTLE_MS = 3000;
const MIB = 1024 * 1024;

/** One start and stop; answers milliseconds to ready. */
async function readyMs(folder, env) {
  const dossier = await startDossier(folder, env);
  await dossier.stop();
  return dossier.readyMs;
}

async function idleMib(folder, env) {
  const dossier = await startDossier(folder, env);
  await sleep(SETTLE_MS);
  const bytes = await metric(dossier.url, 'process_resident_memory_bytes');
  await dossier.stop();
  return bytes / MIB;
}

/** How soon it is ready, and what it holds when idle. */
export async function startup(temporary) {
  const figures = { first: [], existing: [], migrating: [], migrated: [] };
  let mib = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const folder = mkdtempSync(join(temporary, 'startup-'));
    figures.first.push(await readyMs(folder));
    figures.existing.push(await readyMs(folder));
    await withDatabase(async (DATABASE_URL) => {
      figures.migrating.push(await readyMs(folder, { DATABASE_URL }));
      figures.migrated.push(await readyMs(folder, { DATABASE_URL }));
      if (round === 0) mib = await idleMib(folder, { DATABASE_URL });
    });
  }
  const row = (name, all) => [name, `${Math.round(median(all))} ms`];
  return table([
    ['start', 'ready after'],
    row('embedded, empty folder', figures.first),
    row('embedded, existing folder', figures.existing),
    row('PostgreSQL, empty database', figures.migrating),
    row('PostgreSQL, migrated', figures.migrated),
    ['resident when idle (PostgreSQL)', `${Math.round(mib)} MiB`],
  ]);
}
