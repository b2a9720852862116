import { Injectable } from '@nestjs/common';
import { RunEventsRepository } from '../events/run-events.repository.js';
import { RunExecutor, WORKER_ID } from './run-executor.js';
import { RunLedgerRepository } from '../ledger/run-ledger.repository.js';
import type { RunId } from '../run.types.js';
import { RunsRepository } from '../runs.repository.js';

/** Takes up runs that were accepted but not started: by the queue's word. */
@Injectable()
export class RunResumption {
  constructor(
    private readonly ledger: RunLedgerRepository,
    private readonly runs: RunsRepository,
    private readonly events: RunEventsRepository,
    private readonly executor: RunExecutor,
  ) {}

  /** Sees a queued run to its recorded end. Does nothing when it is not queued any more: a job may come twice. */
  async work(id: RunId): Promise<void> {
    const slot = await this.executor.takeSlot();
    try {
      const claim = await this.ledger.claim(id, WORKER_ID, new Date(), slot !== null);
      const run = claim && (await this.runs.findForWorker(id));
      if (!run) return slot?.();
      const position = await this.events.findPosition(run.userId, id);
      this.executor.start(run, claim.fence, slot, [], position?.last ?? 0);
    } catch (error) {
      slot?.();
      throw error;
    }
    await this.executor.whenDone(id);
  }
}
