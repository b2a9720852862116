import { Injectable } from '@nestjs/common';
import { RunEventsRepository } from '../events/run-events.repository.js';
import { RunEnding } from './run-ending.js';
import { RunExecutor, WORKER_ID } from './run-executor.js';
import { RunLedgerRepository } from '../ledger/run-ledger.repository.js';
import type { Run, RunId } from '../run.types.js';
import { RunsRepository } from '../runs.repository.js';

/** A run that this process has taken, and the number of its last stored event. */
interface Claimed {
  readonly run: Run;
  readonly fence: number;
  readonly lastSequence: number;
}

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
      this.executor.start(claimed.run, claimed.fence, slot, [], claimed.lastSequence);
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

  /**
   * Takes a queued run to be worked on. Null when there is nothing to do: it was taken already, or is cancelled now.
   *
   * All that the work needs is read first, which a queued run does not change any more: between the record that its call goes
   * out and the call there is no further wait, in which a crash would leave a call that may have been made and was not.
   */
  private async claim(id: RunId, sent: boolean): Promise<Claimed | null> {
    const queued = await this.runs.findForWorker(id);
    if (queued?.status !== 'queued') return null;
    const position = await this.events.findPosition(queued.userId, id);
    const at = new Date();
    const claim = await this.ledger.claim(id, WORKER_ID, at, sent);
    if (!claim) return null;
    const run = claimedRun(queued, at, sent && !claim.cancelRequested);
    const { fence } = claim;
    if (!claim.cancelRequested) return { run, fence, lastSequence: position?.last ?? 0 };
    await this.ending.end(run, { runId: id, workerId: WORKER_ID, fence }, 'cancelled');
    return null;
  }
}

/** A queued run as `RunLedgerRepository.claim` leaves it. */
function claimedRun(queued: Run, startedAt: Date, sent: boolean): Run {
  const attempts = queued.attempts.map((attempt) =>
    sent && attempt.state === 'intent' ? { ...attempt, state: 'sent' as const, startedAt } : attempt,
  );
  return { ...queued, status: 'running', startedAt, attempts };
}
