import { mkdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { lockDirectory, socketPath } from './database-lock.js';
import type { WorkerOrders, WorkerReport } from './embedded.protocol.js';

/** `pg` puts the port behind the folder: `<host>/.s.PGSQL.<port>`. */
const SOCKET_PORT = 5432;
const RESTART_PAUSE_MS = 1000;

/** How to reach a running embedded database with `pg`. */
export interface EmbeddedDatabase {
  /** A folder: pg's `host` for a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** Writes everything out and ends the worker. */
  close(): Promise<void>;
}

const opened = new Map<string, Promise<EmbeddedDatabase>>();

/**
 * Opens the embedded database of a data folder, or gives the one that is open. `main.ts` calls it before the heavy imports,
 * so that the worker starts beside them.
 * @throws EmbeddedDatabaseLockedError when another process has it
 */
export function openEmbeddedDatabase(dataDir: string): Promise<EmbeddedDatabase> {
  const known = opened.get(dataDir);
  if (known) return known;
  const opening = open(dataDir);
  opened.set(dataDir, opening);
  return opening;
}

async function open(dataDir: string): Promise<EmbeddedDatabase> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockDirectory(dataDir);
  const orders: WorkerOrders = { databaseDir: join(dataDir, 'database'), socketPath: databaseSocket(dataDir) };
  const supervisor = new Supervisor(orders);
  try {
    await supervisor.start();
  } catch (error) {
    lock.close();
    opened.delete(dataDir);
    throw error;
  }
  return {
    host: dirname(orders.socketPath),
    port: SOCKET_PORT,
    close: async () => {
      opened.delete(dataDir);
      await supervisor.stop();
      await closeLock(lock);
    },
  };
}

/** The socket's folder is private to this database: its file name is fixed by PostgreSQL's convention. */
function databaseSocket(dataDir: string): string {
  const folder = socketPath(dataDir, 'socket');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, `.s.PGSQL.${SOCKET_PORT}`);
}

function closeLock(lock: Server): Promise<void> {
  return new Promise((resolve) => lock.close(() => resolve()));
}

/** Keeps the worker running: when it dies, the database is away for a moment, as a server would be, and comes back. */
class Supervisor {
  private worker: Worker | null = null;
  private stopping = false;

  constructor(private readonly orders: WorkerOrders) {}

  start(): Promise<void> {
    rmSync(this.orders.socketPath, { force: true });
    const worker = new Worker(new URL('./embedded.worker.js', import.meta.url), { workerData: this.orders });
    this.worker = worker;
    return new Promise((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
      worker.once('exit', () => this.onExit());
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const worker = this.worker;
    if (!worker) return;
    const closed = new Promise<void>((resolve) => {
      worker.on('message', (report: WorkerReport) => 'closed' in report && resolve());
      worker.once('exit', () => resolve());
    });
    worker.postMessage('close');
    await closed;
    await worker.terminate();
    rmSync(this.orders.socketPath, { force: true });
  }

  private onExit(): void {
    this.worker = null;
    if (this.stopping) return;
    setTimeout(() => {
      if (this.stopping) return;
      this.start().catch((error: unknown) =>
        process.stderr.write(`The embedded database failed to restart: ${String(error)}\n`),
      );
    }, RESTART_PAUSE_MS);
  }
}
