import { Injectable } from '@nestjs/common';
import { RunEventsRepository } from '../events/run-events.repository.js';
import { RunEnding } from './run-ending.js';
import { RunExecutor, WORKER_ID } from './run-executor.js';
import { RunLedgerRepository } from '../ledger/run-ledger.repository.js';
import type { Run, RunId } from '../run.types.js';
import { RunsRepository } from '../runs.repository.js';

/** Takes up runs that were accepted but not started: by the queue's word. */
@Injectable()
export class RunResumption {
  constructor(
    private readonly ledger: RunLedgerRepository,
    private readonly runs: RunsRepository,
    private readonly events: RunEventsRepository,
    private readonly executor: RunExecutor,
    private readonly ending: RunEnding,
  ) {}

  /** Sees a queued run to its recorded end. Does nothing when it is not queued any more: a job may come twice. */
  async work(id: RunId): Promise<void> {
    const slot = await this.executor.takeSlot();
    try {
      const claimed = await this.claim(id, slot !== null);
      if (!claimed) return slot?.();
      const position = await this.events.findPosition(claimed.run.userId, id);
      this.executor.start(claimed.run, claimed.fence, slot, [], position?.last ?? 0);
    } catch (error) {
      slot?.();
      throw error;
    }
    await this.executor.whenDone(id);
  }

  /** Ends a queued run whose owner wants it cancelled, unless a worker has just taken it. */
  async drop(id: RunId): Promise<void> {
    await this.claim(id, false);
  }

  /** Takes a queued run to be worked on. Null when there is nothing to do: it was taken already, or is cancelled now. */
  private async claim(id: RunId, sent: boolean): Promise<{ run: Run; fence: number } | null> {
    const claim = await this.ledger.claim(id, WORKER_ID, new Date(), sent);
    const run = claim && (await this.runs.findForWorker(id));
    if (!run) return null;
    const { fence } = claim;
    if (!claim.cancelRequested) return { run, fence };
    await this.ending.end(run, { runId: id, workerId: WORKER_ID, fence }, 'cancelled');
    return null;
  }
}
