import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batches } from './batches.js';
import { exports } from './exports.js';
import { lists } from './lists.js';
import { queries } from './queries.js';
import { queue } from './queue.js';
import { readers } from './readers.js';
import { runs } from './runs.js';
import { search } from './search.js';
import { startup } from './startup.js';
import { streams } from './streams.js';
import { throughput } from './throughput.js';
import { stopAll } from './support/processes.js';

/** `npm run bench`, or with names only some: `npm run bench -- queries runs`. */
const ALL = { startup, queries, throughput, runs, streams, queue, readers, batches, exports, lists, search };
const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(ALL);
const unknown = chosen.filter((name) => !Object.hasOwn(ALL, name));
if (unknown.length > 0) throw new Error(`No benchmark ${unknown.join(', ')}; there are ${Object.keys(ALL).join(', ')}`);

const temporary = mkdtempSync(join(tmpdir(), 'dossier-bench-'));
try {
  for (const name of chosen) process.stdout.write(`\n${name}\n\n${await ALL[name](temporary)}\n`);
} finally {
  await stopAll();
  rmSync(temporary, { recursive: true, force: true });
}
