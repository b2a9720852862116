import type { QueuedJob } from '../../../platform/database/job-queue.js';
import type { QueuedRun } from '../ledger/run-claims.repository.js';
import type { RunId } from '../run.types.js';
import type { RunJob } from './run-queue.js';

type FetchedJob = QueuedJob<RunJob>;

/** A queued run, and the job that names it. */
export interface FetchedRun {
  readonly queued: QueuedRun;
  readonly job: FetchedJob;
}

/** The runs of fetched jobs, in their turn, until there are places for them. */
export class FetchedRuns {
  private waiting: FetchedRun[] = [];
  /** Runs of each job that are not begun. */
  private readonly unbegun = new Map<FetchedJob, number>();
  /** Runs that a job named last, on average. */
  private perJob = 1;

  /** Runs that wait for a place. */
  get length(): number {
    return this.waiting.length;
  }

  /** So many jobs as name this many runs, as far as one can tell. */
  jobsFor(runs: number): number {
    return Math.ceil(runs / this.perJob);
  }

  /**
   * Adds the runs of these jobs.
   * @param queued those that are still queued
   * @returns the jobs that have none of them, and are done
   */
  add(jobs: readonly FetchedJob[], queued: ReadonlyMap<RunId, QueuedRun>): FetchedJob[] {
    if (jobs.length > 0) this.perJob = jobs.reduce((sum, { data }) => sum + data.run_ids.length, 0) / jobs.length;
    return jobs.filter((job) => {
      const runs = job.data.run_ids.flatMap((id) => queued.get(id) ?? []);
      for (const run of runs) this.waiting.push({ queued: run, job });
      if (runs.length > 0) this.unbegun.set(job, runs.length);
      return runs.length === 0;
    });
  }

  /** Takes runs that are to be begun. */
  take(count: number): FetchedRun[] {
    return this.waiting.splice(0, count);
  }

  /** These runs are begun. Answers the jobs that are done with it. */
  begun(runs: readonly FetchedRun[]): FetchedJob[] {
    return runs.flatMap(({ job }) => {
      const left = (this.unbegun.get(job) ?? 0) - 1;
      if (left > 0) this.unbegun.set(job, left);
      return left === 0 && this.unbegun.delete(job) ? [job] : [];
    });
  }

  /** The jobs of these runs are to go back to the queue, with what else of them waits here. Answers the jobs. */
  drop(runs: readonly FetchedRun[] = this.waiting): FetchedJob[] {
    const jobs = new Set(runs.map(({ job }) => job));
    this.waiting = this.waiting.filter(({ job }) => !jobs.has(job));
    return [...jobs].filter((job) => this.unbegun.delete(job));
  }
}
