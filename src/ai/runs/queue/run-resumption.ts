import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { toDatabaseError } from '../../../platform/database/sql-errors.js';
import { DatabaseUnavailableError } from '../../../platform/errors/platform.errors.js';
import { Lifecycle } from '../../../platform/health/lifecycle.js';
import type { Release } from '../../claude/gateway/call-slots.js';
import { pauseForDatabase } from '../execution/pause-for-database.js';
import { RunEnding } from '../execution/run-ending.js';
import { RunExecutor, WORKER_ID } from '../execution/run-executor.js';
import { type ClaimedRun, type QueuedRun, RunClaimsRepository } from '../ledger/run-claims.repository.js';
import type { RunId } from '../run.types.js';

/** Takes up runs that were accepted but not started: by the queue's word. */
@Injectable()
export class RunResumption {
  /** The time of the last claim, in milliseconds. */
  private lastClaimMs = 0;

  constructor(
    private readonly claims: RunClaimsRepository,
    private readonly executor: RunExecutor,
    private readonly ending: RunEnding,
    private readonly lifecycle: Lifecycle,
    private readonly logger: PinoLogger,
  ) {}

  /**
   * Takes queued runs and starts the work on them, which then is this process's to see to its end. What is not queued any
   * more is left alone.
   * @param slots a place for each run's first call; those that are not needed are given back
   */
  async begin(queued: readonly QueuedRun[], slots: readonly Release[]): Promise<void> {
    const free = [...slots];
    try {
      const claimed = await this.claim(queued);
      const cancelled = [...claimed.values()].filter(({ cancelRequested }) => cancelRequested);
      for (const claim of claimed.values()) {
        if (!claim.cancelRequested)
          this.executor.start(claim.run, claim.fence, free.pop() ?? null, [], claim.lastEvent);
      }
      for (const release of free.splice(0)) release();
      await Promise.all(cancelled.map((claim) => this.end(claim)));
      const passedOver = queued.map(({ run }) => run.id).filter((id) => !claimed.has(id));
      for (const id of (await this.claims.findQueued(passedOver)).keys()) await this.beginSingly(id);
    } finally {
      for (const release of free) release();
    }
  }

  /** A time that no other claim of this process has: it names the claim. */
  private claimTime(): Date {
    this.lastClaimMs = Math.max(Date.now(), this.lastClaimMs + 1);
    return new Date(this.lastClaimMs);
  }

  /** Asks again where the answer is lost: a run that was claimed unheard would be nobody's, and end as one that was sent. */
  private async claim(queued: readonly QueuedRun[]): Promise<ReadonlyMap<RunId, ClaimedRun>> {
    const at = this.claimTime();
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.claims.claimAll(queued, WORKER_ID, at);
      } catch (err) {
        if (!(toDatabaseError(err) instanceof DatabaseUnavailableError) || this.lifecycle.stopping) throw err;
        const ids = queued.map(({ run }) => run.id);
        this.logger.warn({ event: 'queue_error', run_ids: ids, err }, 'Queued runs may have been claimed; asked again');
        await pauseForDatabase(tries);
      }
    }
  }

  /** Ends a queued run whose owner wants it cancelled, unless a worker has just taken it. */
  async drop(id: RunId): Promise<void> {
    const claim = await this.claims.claim(id, WORKER_ID, this.claimTime());
    if (claim?.cancelRequested) await this.end(claim);
  }

  /**
   * For a run that was passed over, since somebody holds it or has had it since it was read: waits for them, and for a place for
   * its call.
   */
  private async beginSingly(id: RunId): Promise<void> {
    const claim = await this.claims.claim(id, WORKER_ID, this.claimTime());
    if (!claim) return;
    if (claim.cancelRequested) return this.end(claim);
    this.executor.start(claim.run, claim.fence, null, [], claim.lastEvent);
  }

  private async end({ run, fence }: ClaimedRun): Promise<void> {
    await this.ending.end(run, { runId: run.id, workerId: WORKER_ID, fence }, 'cancelled');
  }
}
