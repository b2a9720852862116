import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import { CallAborted } from '../../claude/claude-failure.js';
import type { FinalAttempt } from '../../claude/gateway/passage.js';
import { lastEvents } from '../events/last-events.js';
import { type ClaimedRun, RunClaimsRepository } from '../ledger/run-claims.repository.js';
import { finishedRun } from '../ledger/run-outcome.js';
import { RunSettlementsRepository } from '../ledger/run-settlements.repository.js';
import type { Run, RunId } from '../run.types.js';
import { WORKER_ID } from './run-executor.js';
import { RunLog } from './run-log.js';
import { countRun } from './run.metrics.js';

/** Runs that one transaction ends: enough to be quick, few enough to leave others their turn. */
export const RUNS_PER_ENDING = 250;

/** What the last attempt of a run came to; its number and its time are the run's own. */
export type AttemptEnd = Pick<FinalAttempt, 'answer' | 'failure'>;

/** Ends many runs at once, which nobody works on one by one: those of a batch. */
@Injectable()
export class RunGroupEnding {
  constructor(
    private readonly transaction: Transaction,
    private readonly claims: RunClaimsRepository,
    private readonly settlements: RunSettlementsRepository,
    private readonly log: RunLog,
  ) {}

  /**
   * Ends the queued runs of a batch that are to be cancelled: nothing of them was ever sent. One that a worker takes at this
   * very moment is left to it; it sees the wish as well.
   */
  async cancelQueued(batchId: number): Promise<void> {
    let ended = RUNS_PER_ENDING;
    while (ended === RUNS_PER_ENDING) {
      ended = await this.transaction.run(async () => {
        const taken = await this.claims.takeCancelled(batchId, WORKER_ID, RUNS_PER_ENDING);
        await this.settle(taken, () => ({ answer: null, failure: new CallAborted('cancelled', null) }));
        return taken.length;
      });
    }
  }

  /** Ends runs that went to Claude with a Message Batch; those of them that have ended already stay as they are. */
  async endSent(messageBatchId: number, ids: readonly RunId[], endOf: (run: Run) => AttemptEnd): Promise<void> {
    await this.transaction.run(async () => {
      await this.settle(await this.claims.takeSent(messageBatchId, WORKER_ID, ids), endOf);
    });
  }

  /** Records the ends of runs that were taken in the open transaction. */
  private async settle(taken: readonly ClaimedRun[], endOf: (run: Run) => AttemptEnd): Promise<void> {
    if (taken.length === 0) return;
    const at = new Date();
    const settlements = taken.map(({ run, fence, lastEvent }) => {
      const hold = { runId: run.id, workerId: WORKER_ID, fence };
      const ending = finishedRun(run, finalAttempt(run, endOf(run), at), at);
      return { hold, ...ending, events: lastEvents(ending.run, lastEvent, ending.run.outputText ?? '') };
    });
    const settled = await this.settlements.settleAll(settlements);
    await this.transaction.afterCommit(() => {
      for (const { run } of settled) {
        this.log.ended(run);
        countRun(run);
      }
    });
  }
}

function finalAttempt(run: Run, { answer, failure }: AttemptEnd, at: Date): FinalAttempt {
  const attempt = run.attempts.at(-1);
  return {
    number: attempt?.number ?? 0,
    durationMs: at.getTime() - (attempt?.startedAt ?? run.createdAt).getTime(),
    answer,
    usage: answer?.usage ?? null,
    failure,
    earlier: null,
  };
}
