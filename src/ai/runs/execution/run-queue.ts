import { Injectable } from '@nestjs/common';
import { JobQueue } from '../../../platform/database/job-queue.js';
import { Transaction } from '../../../platform/database/transaction.js';
import type { Run, RunId } from '../run.types.js';

/** Name of the queue. */
export const RUN_QUEUE = 'runs';

/** What a job of the queue says. */
export interface RunJob {
  readonly run_id: RunId;
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
    await this.queue.send(RUN_QUEUE, { run_id: id } satisfies RunJob);
  }

  /**
   * Sends the jobs of a batch's runs, in the open transaction. Runs of batches come behind all others, and among themselves
   * by their turn.
   * @param turn of the first one; each next one has the next
   */
  async enqueueInTurn(ids: readonly RunId[], turn: number): Promise<void> {
    await this.queue.sendAll(
      RUN_QUEUE,
      ids.map((id, position) => ({ data: { run_id: id } satisfies RunJob, priority: -1 - turn - position })),
    );
  }
}
