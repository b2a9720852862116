import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import type { WorkerOrders, WorkerReport } from './embedded.protocol.js';

/** Runs PGlite in a thread of its own, so that its queries do not hold up the event loop, behind a Unix socket for `pg`. */
async function main({ databaseDir, socketPath }: WorkerOrders): Promise<void> {
  const report = (message: WorkerReport): void => parentPort?.postMessage(message);
  const database = await PGlite.create(databaseDir);
  const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: 10 });
  await server.start();
  parentPort?.once('message', () => {
    void server
      .stop()
      .then(() => database.close())
      .then(() => report({ closed: true }));
  });
  report({ ready: true });
}

await main(workerData as WorkerOrders);
