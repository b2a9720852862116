import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { RunLedgerRepository, type Settlement } from './run-ledger.repository.js';
import { RunSettlementsRepository } from './run-settlements.repository.js';

interface Waiting extends Settlement {
  readonly settled: (done: boolean) => void;
  readonly failed: (error: unknown) => void;
}

/** Runs whose ends one statement records at most. */
const MAX_GROUP = 50;
/** The pause between the statements for a user while runs of batches, which nobody waits for one by one, end in a crowd. */
const CROWD_PAUSE_MS = 10;

/**
 * Records the ends of runs. All of a user's move one row of money, and would wait for each other's commits, each holding a
 * connection: so there is one statement for a user at a time, and what ends meanwhile goes into the next. A statement also costs the
 * process more than what it says: while runs of batches end in a crowd, a short pause makes few of many.
 */
@Injectable()
export class RunSettlements {
  private readonly waiting = new Map<UserId, Waiting[]>();

  constructor(
    private readonly ledger: RunLedgerRepository,
    private readonly repository: RunSettlementsRepository,
  ) {}

  /** Records the end of a run: its last attempt, money, result and last events. False: the run is no longer ours. */
  settle(settlement: Settlement): Promise<boolean> {
    const { userId } = settlement.run;
    return new Promise((settled, failed) => {
      const known = this.waiting.get(userId);
      const one: Waiting = { ...settlement, settled, failed };
      if (known) return void known.push(one);
      const queue = [one];
      this.waiting.set(userId, queue);
      void this.work(userId, queue);
    });
  }

  private async work(userId: UserId, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      const group = queue.splice(0, MAX_GROUP);
      const done = group.length > 1 ? await this.together(group) : new Set<Waiting>();
      for (const one of group) {
        if (done.has(one)) one.settled(true);
        else await this.singly(one);
      }
      if (isCrowd(group) && queue.length < MAX_GROUP) await sleep(CROWD_PAUSE_MS);
    }
    this.waiting.delete(userId);
  }

  /** The runs of a group that could be recorded together. One of them that cannot be recorded must not keep the others from it. */
  private async together(group: readonly Waiting[]): Promise<ReadonlySet<Waiting>> {
    try {
      return await this.repository.settleAll(group);
    } catch {
      // Each is recorded for itself, and then whoever waits for it is told what keeps it from it.
      return new Set();
    }
  }

  private async singly({ hold, run, events, price, settled, failed }: Waiting): Promise<void> {
    await this.ledger.settle(hold, run, events, price).then(settled, failed);
  }
}

function isCrowd(group: readonly Settlement[]): boolean {
  return group.length > 1 && group.every(({ run }) => run.batchId !== null);
}
