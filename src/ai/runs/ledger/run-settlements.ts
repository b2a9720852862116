import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { RunLedgerRepository, type Settlement } from './run-ledger.repository.js';
import { RunSettlementsRepository } from './run-settlements.repository.js';

interface Pending extends Settlement {
  readonly settled: (done: boolean) => void;
  readonly failed: (error: unknown) => void;
}

/** Runs whose ends one statement records at most. */
const MAX_GROUP = 50;
/** The longest pause between the statements for a user whose runs are of batches: few wait for just one of these. */
const BATCH_PAUSE_MS = 25;

/** What has ended of a user's runs and is not being recorded yet. */
class SettlementQueue {
  private readonly pending: Pending[] = [];
  private wake: () => void = () => undefined;

  get empty(): boolean {
    return this.pending.length === 0;
  }

  add(settlement: Pending): void {
    this.pending.push(settlement);
    if (!this.canPause()) this.wake();
  }

  take(): Pending[] {
    return this.pending.splice(0, MAX_GROUP);
  }

  /** Waits for more ends; no longer once there is one of a run that was asked for alone, or enough for a statement. */
  async pause(): Promise<void> {
    if (!this.canPause()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, BATCH_PAUSE_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private canPause(): boolean {
    return this.pending.length < MAX_GROUP && areOfBatches(this.pending);
  }
}

/**
 * Records the ends of runs. All of a user's move one row of money, and would wait for each other's commits, each holding a
 * connection: so this process has one statement for a user at a time, and what ends meanwhile goes into the next. A statement
 * also costs the process and the database more than what it says: while runs of batches end, short pauses make few of many
 * (107 for the ends of 1,000 runs, instead of 392).
 */
@Injectable()
export class RunSettlements {
  private readonly queues = new Map<UserId, SettlementQueue>();

  constructor(
    private readonly ledger: RunLedgerRepository,
    private readonly repository: RunSettlementsRepository,
  ) {}

  /** Records the end of a run: its last attempt, money, result and last events. False: the run is no longer ours. */
  settle(settlement: Settlement): Promise<boolean> {
    const { userId } = settlement.run;
    return new Promise((settled, failed) => {
      const known = this.queues.get(userId);
      const queue = known ?? new SettlementQueue();
      queue.add({ ...settlement, settled, failed });
      if (known) return;
      this.queues.set(userId, queue);
      void this.work(userId, queue);
    });
  }

  private async work(userId: UserId, queue: SettlementQueue): Promise<void> {
    while (!queue.empty) {
      const group = queue.take();
      const done = group.length > 1 ? await this.together(group) : new Set<Pending>();
      for (const one of done) one.settled(true);
      // One that somebody else holds is waited for, and what ends meanwhile with it.
      for (const one of group) if (!done.has(one)) await this.singly(one);
      if (areOfBatches(group)) await queue.pause();
    }
    this.queues.delete(userId);
  }

  /** The runs of a group that could be recorded together. One of them that cannot be recorded must not keep the others from it. */
  private async together(group: readonly Pending[]): Promise<ReadonlySet<Pending>> {
    try {
      return await this.repository.settleAll(group);
    } catch {
      // Each is recorded for itself, and then whoever waits for it is told what keeps it from it.
      return new Set();
    }
  }

  private async singly({ hold, run, events, price, settled, failed }: Pending): Promise<void> {
    await this.ledger.settle(hold, run, events, price).then(settled, failed);
  }
}

function areOfBatches(group: readonly Settlement[]): boolean {
  return group.every(({ run }) => run.batchId !== null);
}
