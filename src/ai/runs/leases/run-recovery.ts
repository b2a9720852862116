import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import { RunEnding } from '../execution/run-ending.js';
import { WORKER_ID } from '../execution/run-executor.js';
import type { Hold } from '../ledger/run-ledger.repository.js';
import { RunQueue } from '../queue/run-queue.js';
import type { RunId } from '../run.types.js';
import { RunsRepository } from '../runs.repository.js';
import { RunLeasesRepository } from './run-leases.repository.js';

/** Decides what becomes of a run whose worker is lost. */
@Injectable()
export class RunRecovery {
  constructor(
    private readonly transaction: Transaction,
    private readonly leases: RunLeasesRepository,
    private readonly runs: RunsRepository,
    private readonly ending: RunEnding,
    private readonly queue: RunQueue,
  ) {}

  /**
   * What was never sent is queued again; what was sent is interrupted, with what was seen of the answer kept and its
   * billing unknown: it is never sent again by itself. The new fence shuts the old worker out, should it wake up.
   */
  async recover(id: RunId): Promise<void> {
    const claim = await this.leases.takeOver(id, WORKER_ID);
    const run = claim && (await this.runs.findForWorker(id));
    if (!run) return;
    const hold = { runId: id, workerId: WORKER_ID, fence: claim.fence };
    if (run.attempts.at(-1)?.state !== 'intent') return this.ending.end(run, hold, 'fenced');
    if (claim.cancelRequested) return this.ending.end(run, hold, 'cancelled');
    await this.queueAgain(hold);
  }

  private async queueAgain(hold: Hold): Promise<void> {
    await this.transaction.run(async () => {
      if (await this.leases.giveBack(hold)) await this.queue.requeue(hold.runId);
    });
  }
}
