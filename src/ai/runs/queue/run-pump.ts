import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Lane } from '../../../platform/concurrency/lane.js';
import { JobQueue } from '../../../platform/database/job-queue.js';
import { RunExecutor } from '../execution/run-executor.js';
import { RunClaimsRepository } from '../ledger/run-claims.repository.js';
import { CallPace } from './call-pace.js';
import { type FetchedJob, RunBacklog } from './run-backlog.js';
import { BATCH_QUEUE, RUN_QUEUE, type RunJob, runsOf } from './run-queue.js';
import { RunResumption } from './run-resumption.js';

/** How often the queues are looked at untold: for jobs that other replicas accepted, or gave back. */
const POLL_MS = 1000;
/** What was fetched and has found no place in this time goes back: another process may have one. */
const PATIENCE_MS = 2 * POLL_MS;
/** At most so many jobs are fetched by one statement: how many runs they name is not known before. */
const JOBS_PER_FETCH = 10;
/** Statements that claim runs at a time, each for its share of the free places: with one, each waits for the last. */
const CLAIMS_AT_ONCE = 2;
/** Jobs that are done are told of together. */
const DONE_MS = 50;

/**
 * Works off queued runs: as many at a time as there are places for calls, at once when told, by a slow poll otherwise. It works
 * in lanes beside each other: one fetches jobs and reads their runs, a little ahead when places become free quickly; one
 * claims runs for which there are places, by statements beside each other, and starts them, a crowd of a batch a few at a time; one
 * tells that jobs are done. For a run that is started its lease answers, and no longer its job.
 */
@Injectable()
export class RunPump implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly single = new RunBacklog(RUN_QUEUE);
  private readonly batch = new RunBacklog(BATCH_QUEUE);
  private readonly lanes: Record<'fetchSingle' | 'fetch' | 'begin' | 'complete', Lane> = {
    fetchSingle: new Lane(async () => {
      if (await this.fetch(this.single, this.single.length)) this.lanes.fetchSingle.run();
    }),
    fetch: new Lane(async () => {
      await this.singleFetched();
      // Whatever waits here keeps runs of batches from being fetched, but these keep no others from it.
      if (await this.fetch(this.batch, this.single.length + this.batch.length)) this.lanes.fetch.run();
    }),
    begin: new Lane(() => this.begin(), CLAIMS_AT_ONCE),
    complete: new Lane(() => this.complete()),
  };
  private readonly pace = new CallPace();
  private stopped = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly queue: JobQueue,
    private readonly executor: RunExecutor,
    private readonly claims: RunClaimsRepository,
    private readonly resumption: RunResumption,
    private readonly logger: PinoLogger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const backlogs = [this.single, this.batch];
    for (const { queue } of backlogs) await this.queue.define(queue);
    for (const backlog of backlogs) this.queue.onSent(backlog.queue, () => this.look(backlog));
    this.executor.onFree(() => this.onFree());
    this.timer = setInterval(() => {
      void this.giveBackSince(Date.now() - PATIENCE_MS);
      this.look(...backlogs);
      this.lanes.begin.run();
    }, POLL_MS);
    this.look(...backlogs);
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.stopped = true;
    const { fetch, begin, complete } = this.lanes;
    await fetch.idle();
    await begin.idle();
    await complete.idle();
    await this.giveBackSince(Infinity);
  }

  /** There may be something in these queues. */
  private look(...backlogs: readonly RunBacklog[]): void {
    for (const backlog of backlogs) backlog.more = true;
    this.lanes.fetch.run();
  }

  private onFree(): void {
    this.pace.freed();
    this.lanes.begin.run();
    this.lanes.fetch.run();
  }

  /** Before it ends nobody knows whether there is a place for runs of batches: they come behind all others. */
  private async singleFetched(): Promise<void> {
    this.lanes.fetchSingle.run();
    await this.lanes.fetchSingle.idle();
  }

  /** Answers whether another fetch may bring more. */
  private async fetch(backlog: RunBacklog, waiting: number): Promise<boolean> {
    if (this.stopped || !backlog.more) return false;
    const { ahead } = this.pace;
    const wanted = this.executor.freeSlots + ahead - waiting;
    // What is fetched ahead is fetched in handfuls.
    if (wanted <= ahead >> 1) return false;
    const count = Math.min(JOBS_PER_FETCH, backlog.jobsFor(wanted));
    // Told of more while it looks, it looks again: what it was told of may have come after what it saw.
    backlog.more = false;
    let jobs: FetchedJob[] = [];
    try {
      jobs = await this.queue.fetch<RunJob>(backlog.queue, count);
      if (jobs.length === count) backlog.more = true;
      // A job may come twice: only those of its runs count that are still queued.
      backlog.add(jobs, await this.claims.findQueued(jobs.flatMap(({ data }) => runsOf(data))));
    } catch (error) {
      backlog.more = true;
      this.logger.warn({ event: 'queue_error', err: error }, 'The queue could not be read; it is tried again');
      await this.giveBack(backlog, jobs);
      return false;
    }
    if (backlog.done.length > 0) this.lanes.complete.run();
    this.lanes.begin.run();
    return backlog.more;
  }

  private async begin(): Promise<void> {
    if (this.stopped) return;
    if (this.single.length === 0 && this.executor.freeSlots > 0) await this.singleFetched();
    const backlog = this.single.length > 0 ? this.single : this.batch;
    const { freeSlots } = this.executor;
    const runs = backlog.take(this.pace.claimSize(freeSlots, CLAIMS_AT_ONCE));
    const slots = await this.executor.takeSlots(runs.length);
    // Another claim has taken the places meanwhile.
    backlog.putBack(runs.splice(slots.length));
    if (runs.length === 0) return;
    this.lanes.begin.run();
    this.lanes.fetch.run();
    const queued = runs.map((run) => run.queued);
    try {
      await this.resumption.begin(queued, slots);
      backlog.markBegun(runs);
      if (backlog.done.length > 0) this.lanes.complete.run();
    } catch (err) {
      const ids = queued.map(({ run }) => run.id);
      this.logger.error({ event: 'job_failed', run_ids: ids, err }, 'Queued runs could not be worked on; tried again');
      await this.giveBack(backlog, backlog.giveUp(runs));
    }
    // Who asked for one run waits for no crowd.
    const pauseMs = backlog === this.batch ? this.pace.pauseAfter(runs.length, freeSlots) : 0;
    if (pauseMs > 0) await sleep(pauseMs);
  }

  private async complete(): Promise<void> {
    await sleep(DONE_MS);
    for (const { queue, done } of [this.single, this.batch]) {
      const jobs = done.splice(0);
      try {
        if (jobs.length > 0) await this.queue.complete(queue, jobs);
      } catch (error) {
        // pg-boss gives them back by itself after a while, and then there is nothing to do for them.
        this.logger.warn({ event: 'queue_error', err: error }, 'The queue could not be told of jobs that are done');
      }
    }
  }

  private async giveBackSince(time: number): Promise<void> {
    for (const backlog of [this.single, this.batch]) await this.giveBack(backlog, backlog.giveUpSince(time));
  }

  private async giveBack({ queue }: RunBacklog, jobs: readonly FetchedJob[]): Promise<void> {
    try {
      if (jobs.length > 0) await this.queue.giveBack(queue, jobs);
    } catch (error) {
      // They are silent from now on: pg-boss gives them back by itself.
      this.logger.warn({ event: 'queue_error', err: error }, 'Jobs could not be given back');
    }
  }
}
