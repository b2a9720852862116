import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { JobQueue, type QueuedJob } from '../../../platform/database/job-queue.js';
import { withLogContext } from '../../../platform/logging/log-context.js';
import { Lane } from './lane.js';
import { RunExecutor } from './run-executor.js';
import { RUN_QUEUE, type RunJob } from './run-queue.js';
import { RunResumption } from './run-resumption.js';

/** How often the queue is looked at untold: for jobs that other replicas accepted, or gave back. */
const POLL_MS = 1000;
/** Jobs are fetched ahead for half of this time, at the pace at which places became free in it. */
const PACE_MS = 100;
/** Jobs that are done are told of together. */
const DONE_MS = 50;

/**
 * Works off queued runs: as many at a time as there are places for calls, at once when told, by a slow poll otherwise. It works
 * in lanes beside each other, each with one statement at a time, which under load serves many: one fetches jobs, a little
 * ahead when places become free quickly; one claims the runs for which there are places, and starts them; one tells that
 * these jobs are done. For a run that is started its lease answers, and no longer its job.
 */
@Injectable()
export class RunPump implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly jobs = { ready: [] as QueuedJob<RunJob>[], done: [] as QueuedJob<RunJob>[] };
  private readonly lanes = {
    fetch: new Lane(() => this.fetch()),
    begin: new Lane(() => this.begin()),
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
      void this.giveBackStale();
      this.look();
    }, POLL_MS);
    this.look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.stopped = true;
    const { fetch, begin, complete } = this.lanes;
    await fetch.idle();
    const left = this.jobs.ready.splice(0);
    await begin.idle();
    await complete.idle();
    await this.giveBack(left);
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
    const pace = this.freedAt.filter((at) => at > Date.now() - PACE_MS).length;
    const ahead = pace >> 1;
    const { ready } = this.jobs;
    const wanted = this.executor.freeSlots + ahead - ready.length;
    // What is fetched ahead is fetched in handfuls.
    if (wanted <= ahead >> 1) return;
    // Told of more while it looks, it looks again: what it was told of may have come after what it saw.
    this.more = false;
    try {
      const jobs = await this.queue.fetch<RunJob>(RUN_QUEUE, wanted);
      if (jobs.length === wanted) this.more = true;
      ready.push(...jobs);
    } catch (error) {
      this.more = true;
      return this.warn('The queue could not be read; it is tried again', error);
    }
    this.lanes.begin.run();
    this.lanes.fetch.run();
  }

  private async begin(): Promise<void> {
    const slots = await this.executor.takeSlots(this.jobs.ready.length);
    if (slots.length === 0) return;
    const jobs = this.jobs.ready.splice(0, slots.length);
    this.begunAt = Date.now();
    this.lanes.begin.run();
    this.lanes.fetch.run();
    const ids = jobs.map(({ data }) => data.run_id);
    try {
      await withLogContext({}, () => this.resumption.begin(ids, slots));
      this.jobs.done.push(...jobs);
      this.lanes.complete.run();
    } catch (err) {
      this.logger.error({ event: 'job_failed', run_ids: ids, err }, 'Queued runs could not be worked on; tried again');
      await this.giveBack(jobs);
    }
  }

  private async complete(): Promise<void> {
    await sleep(DONE_MS);
    const jobs = this.jobs.done.splice(0);
    try {
      if (jobs.length > 0) await this.queue.complete(RUN_QUEUE, jobs);
    } catch (error) {
      // pg-boss gives them back by itself after a while, and then there is nothing to do for them.
      this.warn('The queue could not be told of jobs that are done', error);
    }
  }

  /** What was fetched ahead and has found no place: another process may have one. */
  private async giveBackStale(): Promise<void> {
    if (Date.now() - this.begunAt >= POLL_MS) await this.giveBack(this.jobs.ready.splice(0));
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
