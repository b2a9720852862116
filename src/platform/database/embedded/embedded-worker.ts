import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

const RESTART_PAUSE_MS = 500;
const CLOSE_PATIENCE_MS = 10_000;

/** What the worker needs to know. */
export interface WorkerOrders {
  readonly databaseDir: string;
  readonly socketPath: string;
}

/**
 * Keeps the thread that runs PGlite: a thread that dies takes the database away for a moment, as a server would be, and is
 * started again.
 */
export class EmbeddedWorker {
  private worker: Worker | null = null;
  private stopping = false;
  private failure: unknown = null;

  constructor(private readonly orders: WorkerOrders) {}

  /** Resolves when the database takes connections. @throws what kept PGlite from opening the directory */
  async start(): Promise<void> {
    const worker = new Worker(new URL('./embedded.worker.mjs', import.meta.url), { workerData: this.orders });
    this.worker = worker;
    this.failure = new Error('The thread of the embedded database ended by itself');
    worker.once('error', (error) => (this.failure = error));
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('exit', () => {
        this.worker = null; // There is nothing left to stop.
        reject(this.failure);
      });
    });
    worker.once('exit', () => void this.recover());
    worker.unref(); // What uses the database keeps the process alive, not the database.
  }

  /** Writes everything out and ends the thread. */
  async stop(): Promise<void> {
    this.stopping = true;
    const worker = this.worker;
    if (!worker) return;
    const exit = once(worker, 'exit');
    worker.postMessage('close');
    await Promise.race([exit, sleep(CLOSE_PATIENCE_MS, undefined, { ref: false })]);
    await worker.terminate();
  }

  private async recover(): Promise<void> {
    this.worker = null;
    while (!this.stopping && !this.worker) {
      await this.report();
      await sleep(RESTART_PAUSE_MS);
      if (this.stopping) return;
      await this.start().catch(() => undefined); // `failure` says why; it is reported and tried again.
    }
  }

  private async report(): Promise<void> {
    // Imported only now: this file is loaded before the heavy imports, to start the thread beside them.
    const { Logger } = await import('@nestjs/common');
    const err = this.failure;
    new Logger('EmbeddedDatabase').error(
      { event: 'embedded_database_died', err },
      'The embedded database is restarted',
    );
  }
}
