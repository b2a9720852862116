import { Injectable } from '@nestjs/common';
import { JobQueue } from '../../../platform/database/job-queue.js';
import { Transaction } from '../../../platform/database/transaction.js';
import type { Run, RunId } from '../run.types.js';

/** Runs that were asked for one by one, and all that come back from a lost worker: they go before those of batches. */
export const RUN_QUEUE = 'runs';
/** The queue of runs of batches. */
export const BATCH_QUEUE = 'batch-runs';

/** Runs of a batch that one job names at most: a job costs the database much more than a run's number in it. */
export const MAX_RUNS_PER_JOB = 10;
/** Runs that are sent together and are no more than this have a job each, so that all processes share them. */
const FEW_RUNS = 50;

/** What a job of either queue says. */
export type RunJob = { readonly run_id: RunId } | { readonly run_ids: readonly RunId[] };

/** The runs that a job names. */
export function runsOf(job: RunJob): readonly RunId[] {
  return 'run_id' in job ? [job.run_id] : job.run_ids;
}

/** Puts runs into the queues; `RunPump` takes them out, in whichever process has room. */
@Injectable()
export class RunQueue {
  constructor(
    private readonly queue: JobQueue,
    private readonly transaction: Transaction,
  ) {}

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
    await this.queue.send(RUN_QUEUE, { run_id: id } satisfies RunJob);
  }

  /**
   * Sends the jobs of runs of a batch, in the open transaction. Among the jobs of batches they come by the turn of the first run
   * that they name.
   * @param turn of the first run; each next run has the next
   */
  async enqueueInTurn(ids: readonly RunId[], turn: number): Promise<void> {
    const perJob = Math.min(MAX_RUNS_PER_JOB, Math.ceil(ids.length / FEW_RUNS));
    const jobs: { data: RunJob; priority: number }[] = [];
    for (let start = 0; start < ids.length; start += perJob) {
      jobs.push({ data: { run_ids: ids.slice(start, start + perJob) }, priority: -1 - turn - start });
    }
    await this.queue.sendAll(BATCH_QUEUE, jobs);
  }
}
