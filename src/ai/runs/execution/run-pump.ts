import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { JobQueue, type QueuedJob } from '../../../platform/database/job-queue.js';
import { withLogContext } from '../../../platform/logging/log-context.js';
import { FetchedRuns } from './fetched-runs.js';
import { Lane } from './lane.js';
import { RunExecutor } from './run-executor.js';
import { RUN_QUEUE, type RunJob } from './run-queue.js';
import { RunResumption } from './run-resumption.js';

/** How often the queue is looked at untold: for jobs that other replicas accepted, or gave back. */
const POLL_MS = 1000;
/** Jobs are fetched ahead for this time, at the pace at which places became free in it. */
const PACE_MS = 100;
/** Jobs that are fetched by one statement, at most. How many runs they name is not known before. */
const MAX_JOBS = 10;
/**
 * Statements that claim runs at a time, each for its share of the free places. What is claimed together starts together and ends
 * together, if Claude takes its usual time, and is then in each other's way again: so a crowd of calls is kept apart.
 */
const CLAIMS = 4;
/** Jobs that are done are told of together. */
const DONE_MS = 50;

/**
 * Works off queued runs: as many at a time as there are places for calls, at once when told, by a slow poll otherwise. It works
 * in lanes beside each other: one fetches jobs and reads their runs, a little ahead when places become free quickly; one
 * claims runs for which there are places, and starts them; one tells that jobs are done. For a run that is started its
 * lease answers, and no longer its job.
 */
@Injectable()
export class RunPump implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly fetched = new FetchedRuns();
  private readonly done: QueuedJob<RunJob>[] = [];
  private readonly lanes = {
    fetch: new Lane(() => this.fetch()),
    begin: new Lane(() => this.begin(), CLAIMS),
    complete: new Lane(() => this.complete()),
  };
  /** Whether the queue may hold more than was fetched. */
  private more = true;
  private freedAt: number[] = [];
  private begunAt = 0;
  private stopped = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly queue: JobQueue,
    private readonly executor: RunExecutor,
    private readonly resumption: RunResumption,
    private readonly logger: PinoLogger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.queue.define(RUN_QUEUE);
    this.queue.onSent(RUN_QUEUE, () => this.look());
    this.executor.onFree(() => this.onFree());
    this.timer = setInterval(() => {
      // What was fetched ahead and has found no place: another process may have one.
      if (Date.now() - this.begunAt >= POLL_MS) void this.giveBack(this.fetched.drop());
      this.look();
    }, POLL_MS);
    this.look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.stopped = true;
    const { fetch, begin, complete } = this.lanes;
    await fetch.idle();
    await begin.idle();
    await complete.idle();
    await this.giveBack(this.fetched.drop());
  }

  /** There may be something in the queue. */
  private look(): void {
    this.more = true;
    this.lanes.fetch.run();
  }

  private onFree(): void {
    const now = Date.now();
    this.freedAt = this.freedAt.filter((at) => at > now - PACE_MS);
    this.freedAt.push(now);
    this.lanes.begin.run();
    this.lanes.fetch.run();
  }

  private async fetch(): Promise<void> {
    if (this.stopped || !this.more) return;
    const ahead = this.freedAt.filter((at) => at > Date.now() - PACE_MS).length;
    const wanted = this.executor.freeSlots + ahead - this.fetched.length;
    // What is fetched ahead is fetched in handfuls.
    if (wanted <= ahead >> 1) return;
    const count = Math.min(MAX_JOBS, this.fetched.jobsFor(wanted));
    // Told of more while it looks, it looks again: what it was told of may have come after what it saw.
    this.more = false;
    let jobs: QueuedJob<RunJob>[] = [];
    try {
      jobs = await this.queue.fetch<RunJob>(RUN_QUEUE, count);
      if (jobs.length === count) this.more = true;
      const queued = await this.resumption.readQueued(jobs.flatMap(({ data }) => data.run_ids));
      this.onDone(this.fetched.add(jobs, queued));
    } catch (error) {
      this.more = true;
      this.warn('The queue could not be read; it is tried again', error);
      return this.giveBack(jobs);
    }
    this.lanes.begin.run();
    this.lanes.fetch.run();
  }

  private async begin(): Promise<void> {
    const share = this.stopped ? 0 : Math.ceil(this.executor.freeSlots / CLAIMS);
    const slots = await this.executor.takeSlots(Math.min(share, this.fetched.length));
    const runs = this.fetched.take(slots.length);
    // Another lane was quicker.
    for (const release of slots.splice(runs.length)) release();
    if (runs.length === 0) return;
    this.begunAt = Date.now();
    this.lanes.begin.run();
    this.lanes.fetch.run();
    const queued = runs.map((run) => run.queued);
    try {
      await withLogContext({}, () => this.resumption.begin(queued, slots));
      this.onDone(this.fetched.begun(runs));
    } catch (err) {
      const ids = queued.map(({ run }) => run.id);
      this.logger.error({ event: 'job_failed', run_ids: ids, err }, 'Queued runs could not be worked on; tried again');
      await this.giveBack(this.fetched.drop(runs));
    }
  }

  private onDone(jobs: readonly QueuedJob<RunJob>[]): void {
    this.done.push(...jobs);
    if (jobs.length > 0) this.lanes.complete.run();
  }

  private async complete(): Promise<void> {
    await sleep(DONE_MS);
    const jobs = this.done.splice(0);
    try {
      if (jobs.length > 0) await this.queue.complete(RUN_QUEUE, jobs);
    } catch (error) {
      // pg-boss gives them back by itself after a while, and then there is nothing to do for them.
      this.warn('The queue could not be told of jobs that are done', error);
    }
  }

  private async giveBack(jobs: readonly QueuedJob<RunJob>[]): Promise<void> {
    try {
      if (jobs.length > 0) await this.queue.giveBack(RUN_QUEUE, jobs);
    } catch (error) {
      // They are silent from now on: pg-boss gives them back by itself.
      this.warn('Jobs could not be given back', error);
    }
  }

  private warn(message: string, err: unknown): void {
    this.logger.warn({ event: 'queue_error', err }, message);
  }
}
