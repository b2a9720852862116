import { Injectable } from '@nestjs/common';
import { JobQueue } from '../../../platform/database/job-queue.js';
import { Transaction } from '../../../platform/database/transaction.js';
import type { Run, RunId } from '../run.types.js';

/** Name of the queue. */
export const RUN_QUEUE = 'runs';

/** Jobs that the runs of a group are sent as, at most: a job costs the database much more than a run's number in it. */
const MAX_JOBS = 50;

/** What a job of the queue says. */
export interface RunJob {
  readonly run_ids: readonly RunId[];
}

/** Puts runs into the queue; `RunPump` takes them out, in whichever process has room. */
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
    await this.queue.send(RUN_QUEUE, { run_ids: [id] } satisfies RunJob);
  }

  /**
   * Sends the jobs of a batch's runs, in the open transaction. Runs of batches come behind all others, and among themselves
   * by their turn.
   * @param turn of the first one; each next one has the next
   */
  async enqueueInTurn(ids: readonly RunId[], turn: number): Promise<void> {
    const perJob = Math.ceil(ids.length / MAX_JOBS);
    const jobs: { data: RunJob; priority: number }[] = [];
    for (let start = 0; start < ids.length; start += perJob) {
      jobs.push({ data: { run_ids: ids.slice(start, start + perJob) }, priority: -1 - turn - start });
    }
    await this.queue.sendAll(RUN_QUEUE, jobs);
  }
}
