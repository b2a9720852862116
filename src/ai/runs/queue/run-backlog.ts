import type { QueuedJob } from '../../../platform/database/job-queue.js';
import type { QueuedRun } from '../ledger/run-claims.repository.js';
import type { RunId } from '../run.types.js';
import { MAX_RUNS_PER_JOB, type RunJob, runsOf } from './run-queue.js';

export type FetchedJob = QueuedJob<RunJob>;

/** A queued run, and the job that names it. */
export interface FetchedRun {
  readonly queued: QueuedRun;
  readonly job: FetchedJob;
  readonly fetchedAt: number;
}

/**
 * What this process has fetched of one queue: runs, in their turn, until there are places for them; and how many of each job
 * are yet to be begun, since with the last of them it is done.
 */
export class RunBacklog {
  /** Whether the queue may hold more than was fetched. */
  more = true;
  /** Jobs that are done, which the queue is not told of yet. */
  readonly done: FetchedJob[] = [];
  private waiting: FetchedRun[] = [];
  private readonly unbegun = new Map<FetchedJob, number>();
  /** How many runs a job may well name: before any was seen, the most, lest a crowd is fetched for a few places. */
  private runsPerJob = MAX_RUNS_PER_JOB;

  constructor(readonly queue: string) {}

  /** Runs that wait for a place. */
  get length(): number {
    return this.waiting.length;
  }

  /** So many jobs as name this many runs, as far as one can tell. */
  jobsFor(runs: number): number {
    return Math.ceil(runs / this.runsPerJob);
  }

  /**
   * Adds the runs of these jobs.
   * @param queued those that are still queued; a job that has none of them is done
   */
  add(jobs: readonly FetchedJob[], queued: ReadonlyMap<RunId, QueuedRun>): void {
    const fetchedAt = Date.now();
    for (const job of jobs) {
      const ids = runsOf(job.data);
      // It falls slowly: a small batch between two large ones must not have a crowd fetched.
      this.runsPerJob = Math.max(ids.length, this.runsPerJob / 2, 1);
      const runs = ids.flatMap((id) => queued.get(id) ?? []);
      for (const run of runs) this.waiting.push({ queued: run, job, fetchedAt });
      if (runs.length > 0) this.unbegun.set(job, runs.length);
      else this.done.push(job);
    }
  }

  /** Takes runs that are to be begun. */
  take(count: number): FetchedRun[] {
    return this.waiting.splice(0, count);
  }

  /** Puts back what was taken last and has found no place, unless its job has gone back to the queue. */
  putBack(runs: readonly FetchedRun[]): void {
    this.waiting.unshift(...runs.filter(({ job }) => this.unbegun.has(job)));
  }

  /** These runs are begun, and their jobs done with the last of them. */
  markBegun(runs: readonly FetchedRun[]): void {
    for (const { job } of runs) {
      const left = this.unbegun.get(job);
      // It has gone back to the queue meanwhile, for another of its runs.
      if (left === undefined) continue;
      if (left > 1) this.unbegun.set(job, left - 1);
      else if (this.unbegun.delete(job)) this.done.push(job);
    }
  }

  /** Gives up the jobs of these runs, with what else of them waits here. Answers those that are to go back to the queue. */
  giveUp(runs: readonly FetchedRun[]): FetchedJob[] {
    const jobs = new Set(runs.map(({ job }) => job));
    this.waiting = this.waiting.filter(({ job }) => !jobs.has(job));
    // A job that went back already does not go back again.
    return [...jobs].filter((job) => this.unbegun.delete(job));
  }

  /** Gives up the jobs of all runs that wait since this time or longer. */
  giveUpSince(time: number): FetchedJob[] {
    return this.giveUp(this.waiting.filter(({ fetchedAt }) => fetchedAt <= time));
  }
}
