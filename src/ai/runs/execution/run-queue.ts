import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { JobQueue, type QueuedJob } from '../../../platform/database/job-queue.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { withLogContext } from '../../../platform/logging/log-context.js';
import { RunExecutor } from './run-executor.js';
import { RunResumption } from './run-resumption.js';
import type { Run, RunId } from '../run.types.js';

const QUEUE = 'runs';
/** How often the queue is looked at untold: for jobs that other replicas accepted, or gave back. */
const POLL_MS = 1000;
/** How often pg-boss is told that the fetched jobs are being worked on. */
const TOUCH_MS = 10_000;

interface RunJob {
  readonly run_id: RunId;
}

/** Works off queued runs: as many at a time as there are places for calls, at once when told, by a slow poll otherwise. */
@Injectable()
export class RunQueue implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly jobs = new Set<QueuedJob<RunJob>>();
  private readonly timers: NodeJS.Timeout[] = [];
  private pumping: Promise<void> | null = null;
  private wanted = false;
  private stopped = false;

  constructor(
    private readonly queue: JobQueue,
    private readonly transaction: Transaction,
    private readonly executor: RunExecutor,
    private readonly resumption: RunResumption,
    private readonly logger: PinoLogger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.queue.define(QUEUE);
    this.queue.onSent(QUEUE, () => this.pump());
    this.timers.push(
      setInterval(() => this.pump(), POLL_MS),
      setInterval(() => void this.touch(), TOUCH_MS),
    );
    this.pump();
  }

  /** Accepts a run together with its job: both are committed, or neither. */
  enqueue(accept: () => Promise<Run>): Promise<Run> {
    return this.transaction.run(async () => {
      const run = await accept();
      await this.requeue(run.id);
      return run;
    });
  }

  /** Sends a run's job, in the open transaction if there is one. */
  async requeue(id: RunId): Promise<void> {
    await this.queue.send(QUEUE, { run_id: id } satisfies RunJob);
  }

  /**
   * Sends the jobs of a batch's runs, in the open transaction. Runs of batches come behind all others, and among themselves
   * by their turn.
   * @param turn of the first one; each next one has the next
   */
  async enqueueInTurn(ids: readonly RunId[], turn: number): Promise<void> {
    await this.queue.sendAll(
      QUEUE,
      ids.map((id, position) => ({ data: { run_id: id } satisfies RunJob, priority: -1 - turn - position })),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearInterval(timer);
    await this.pumping;
  }

  private pump(): void {
    this.wanted = true;
    this.pumping ??= this.drain().finally(() => (this.pumping = null));
  }

  private async drain(): Promise<void> {
    while (this.wanted && !this.stopped) {
      this.wanted = false;
      const free = this.executor.freeSlots;
      if (free === 0) return;
      try {
        const jobs = await this.queue.fetch<RunJob>(QUEUE, free);
        for (const job of jobs) void this.work(job);
        if (jobs.length === free) this.wanted = true;
      } catch (error) {
        this.logger.warn({ event: 'queue_error', err: error }, 'The queue could not be read; it is tried again');
        return;
      }
    }
  }

  private async work(job: QueuedJob<RunJob>): Promise<void> {
    this.jobs.add(job);
    try {
      await withLogContext({}, () => this.resumption.work(job.data.run_id));
      await this.queue.complete(QUEUE, job);
    } catch (error) {
      this.logger.error(
        { event: 'job_failed', run_id: job.data.run_id, err: error },
        'A queued run could not be worked on',
      );
      await this.queue.giveBack(QUEUE, job).catch((failure: unknown) => {
        // Its heartbeat ends with this process's interest: pg-boss gives it back by itself.
        this.logger.warn({ event: 'queue_error', err: failure }, 'A job could not be given back');
      });
    } finally {
      this.jobs.delete(job);
      this.pump();
    }
  }

  private async touch(): Promise<void> {
    try {
      await this.queue.touch(QUEUE, [...this.jobs]);
    } catch (error) {
      this.logger.warn({ event: 'queue_error', err: error }, 'The queue could not be told that its jobs are worked on');
    }
  }
}
