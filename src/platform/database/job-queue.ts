import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type Job, PgBoss } from 'pg-boss';
import { Config } from '../config/config.js';
import { Transaction } from './transaction.js';

/** How often pg-boss looks for jobs whose worker has died, and how long a worker may hold a job: it takes it up at once. */
const SUPERVISE_SECONDS = 5;
const HEARTBEAT_SECONDS = 30;
/** Replicas that install the queue at the same moment may be in each other's way: who was, tries again. */
const START_ATTEMPTS = 3;
const QUEUE_OPTIONS = {
  // A job may be given back as often as there is no place for it: runs decide by their ledger whether there is anything left to do.
  retryLimit: 2 ** 31 - 1,
  retryDelay: 1,
  expireInSeconds: 24 * 3600 - 1,
  heartbeatSeconds: HEARTBEAT_SECONDS,
  deleteAfterSeconds: 3600,
};

const FETCHED = `select id from pgboss.job where name = $1 and state = 'active'`;

/** A job as it was fetched; it identifies this very fetch, so that a stale worker cannot complete it. */
export type QueuedJob<T> = Job<T>;

/**
 * The durable queue: pg-boss on the same database and pool. Jobs that are sent inside a transaction are committed or rolled
 * back with it, and `onSent` tells this process at once, so that nothing waits for a poll.
 */
@Injectable()
export class JobQueue implements OnModuleInit {
  private readonly boss: PgBoss;
  private readonly listeners = new Map<string, () => void>();

  constructor(
    private readonly transaction: Transaction,
    private readonly config: Config,
    logger: PinoLogger,
  ) {
    const executeSql = async (text: string, values?: unknown[]) => ({
      rows: await transaction.sql(text, values ?? []),
    });
    this.boss = new PgBoss({
      db: { executeSql },
      schedule: false,
      superviseIntervalSeconds: SUPERVISE_SECONDS,
      monitorIntervalSeconds: SUPERVISE_SECONDS,
    });
    this.boss.on('error', (error) => logger.warn({ event: 'queue_error', err: error }, 'The job queue met an error'));
  }

  async onModuleInit(): Promise<void> {
    await this.boss.start({ attempts: START_ATTEMPTS });
  }

  /**
   * Creates a queue, or brings one that is there up to date. All queues are created at boot: doing it inside a transaction would
   * block the embedded database.
   */
  async define(queue: string): Promise<void> {
    await this.boss.createQueue(queue, QUEUE_OPTIONS);
    await this.boss.updateQueue(queue, QUEUE_OPTIONS);
    // The embedded database has one process: whatever was fetched before this start has lost its worker.
    if (this.config.database.url === undefined) await this.giveBackFetched(queue);
  }

  /** Is told when this process has committed a job, or one may have come otherwise. */
  onSent(queue: string, listener: () => void): void {
    this.listeners.set(queue, listener);
  }

  /** Sends a job, in the open transaction if there is one. */
  async send(queue: string, data: object): Promise<void> {
    await this.boss.send(queue, data);
    await this.transaction.afterCommit(() => this.listeners.get(queue)?.());
  }

  /** Sends many jobs, in the open transaction if there is one. A job of a higher priority goes first; others have 0. */
  async sendAll(queue: string, jobs: readonly { data: object; priority: number }[]): Promise<void> {
    await this.boss.insert(queue, [...jobs]);
    await this.transaction.afterCommit(() => this.listeners.get(queue)?.());
  }

  /** Takes up to `count` jobs. */
  fetch<T>(queue: string, count: number): Promise<QueuedJob<T>[]> {
    return this.boss.fetch<T>(queue, { batchSize: count });
  }

  /** These jobs are done, unless they were given to another worker meanwhile. */
  async complete(queue: string, jobs: readonly QueuedJob<unknown>[]): Promise<void> {
    await this.boss.complete(queue, fetchesOf(jobs));
  }

  /** Gives the jobs back, to be fetched again. */
  async giveBack(queue: string, jobs: readonly QueuedJob<unknown>[]): Promise<void> {
    await this.boss.fail(queue, fetchesOf(jobs));
  }

  /** Ends supervision; jobs stay where they are. */
  async stop(): Promise<void> {
    await this.boss.stop({ graceful: false, close: false });
  }

  private async giveBackFetched(queue: string): Promise<void> {
    const ids = (await this.transaction.sql<{ id: string }>(FETCHED, [queue])).map(({ id }) => id);
    if (ids.length > 0) await this.boss.fail(queue, ids);
  }
}

/** The fetches of jobs, by which a worker whose jobs were given to another is told apart. */
function fetchesOf(jobs: readonly QueuedJob<unknown>[]): { id: string; retryCount: number }[] {
  return jobs.map(({ id, retryCount }) => ({ id, retryCount }));
}
