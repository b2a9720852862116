// @ts-check
// Plain JavaScript, so that the very same file runs under the sources (jest) and in the build, which copies it as an asset:
// Node starts a worker from a file, and before Node 22 that file may not be TypeScript.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/** The pool has one connection; a second one may be on its way in while a lost one is on its way out. */
const MAX_CONNECTIONS = 4;

/**
 * Opens the directory, making it when it is new. A first start that was killed half-way leaves a mark, and what it left
 * behind, which never took a connection, is made anew.
 * @param {string} directory
 */
async function openDatabase(directory) {
  const mark = `${directory}.unfinished`;
  if (existsSync(mark)) rmSync(directory, { recursive: true, force: true });
  if (!existsSync(directory)) writeFileSync(mark, '');
  const database = await PGlite.create(directory);
  rmSync(mark, { force: true });
  return database;
}

/**
 * SQL errors are answers; what PGlite throws is its own end. The socket server would wait for ever after it, so the thread
 * ends too, and is started again.
 * @param {PGlite} database
 */
function endWith(database) {
  const execute = database.execProtocolRawStream.bind(database);
  database.execProtocolRawStream = async (...call) => {
    try {
      return await execute(...call);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
      throw error;
    }
  };
}

// V8 optimizes WebAssembly that has run for a while. With ten times the while, what only a start runs is left as it is: a start
// takes a fifth less of the processor, and a database that is at work is as fast.
setFlagsFromString('--wasm-tiering-budget=18000000');

/** @type {{ databaseDir: string, socketPath: string }} */
const { databaseDir, socketPath } = workerData;
const database = await openDatabase(databaseDir);
endWith(database);
rmSync(socketPath, { force: true });
const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: MAX_CONNECTIONS });
await server.start();

async function close() {
  await server.stop();
  await database.close();
  process.exit(0);
}

// Any message means: write everything out and end.
parentPort?.once('message', () => void close());
parentPort?.postMessage('ready');
