import { randomUUID } from 'node:crypto';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { ShuttingDownError } from '../../../platform/errors/platform.errors.js';
import { Lifecycle } from '../../../platform/health/lifecycle.js';
import { AbortReason } from '../../claude/claude-failure.js';
import type { Release } from '../../claude/gateway/call-slots.js';
import { ClaudeGateway } from '../../claude/gateway/claude-gateway.js';
import type { LiveRun } from '../events/live-run.js';
import { LiveRuns } from '../events/live-runs.js';
import type { Run, RunEvent, RunId } from '../run.types.js';
import { RunSession } from './run-session.js';
import { RunStores } from './run-stores.js';
import { RunWork } from './run-work.js';

/** Name of this process among the workers; every start is a new one. */
export const WORKER_ID = randomUUID();

/** The work on runs in this process: begins it, knows it, and ends it. */
@Injectable()
export class RunExecutor implements BeforeApplicationShutdown {
  private readonly works = new Map<RunId, RunWork>();
  private readonly acceptances = new Set<Promise<unknown>>();
  /** Whether the time for work under way is up. */
  private givenUp = false;

  constructor(
    private readonly gateway: ClaudeGateway,
    private readonly stores: RunStores,
    private readonly liveRuns: LiveRuns,
    private readonly lifecycle: Lifecycle,
  ) {}

  /** Does what ends with `start`, or before it: a shutdown waits for it as for the work itself. */
  async accepting<T>(accept: () => Promise<T>): Promise<T> {
    const acceptance = accept();
    this.acceptances.add(acceptance);
    return acceptance.finally(() => this.acceptances.delete(acceptance));
  }

  /**
   * A place for a call, if one is free at this moment; null means that the run will have to wait for one.
   * @throws OverloadedError when even the queue is full, ShuttingDownError
   */
  async takeSlot(): Promise<Release | null> {
    // A call that has its place is recorded as going out: so it should then go out, and not wait for Claude's client to load.
    await this.gateway.ready();
    if (this.lifecycle.stopping) throw new ShuttingDownError();
    this.gateway.slots.refuseWhenFull();
    return this.gateway.slots.free > 0 ? this.gateway.slots.acquire(this.lifecycle.signal) : null;
  }

  /** As many of the places as are free at this moment, up to `most`; none during a shutdown. */
  async takeSlots(most: number): Promise<Release[]> {
    await this.gateway.ready();
    const taken: Promise<Release>[] = [];
    while (taken.length < most && this.freeSlots > 0 && !this.lifecycle.stopping) {
      taken.push(this.gateway.slots.acquire(this.lifecycle.signal));
    }
    return Promise.all(taken);
  }

  /** Is told each time that a place has become free. */
  onFree(listener: () => void): void {
    this.gateway.slots.onFree(listener);
  }

  /**
   * Starts the work on an accepted run that this process holds; it goes on whoever watches.
   * @param slot the place for its first call, given back by the work
   */
  start(
    run: Run,
    fence: number,
    slot: Release | null,
    firstEvents: readonly RunEvent[],
    lastSequence: number,
  ): LiveRun {
    const hold = { runId: run.id, workerId: WORKER_ID, fence };
    const session = new RunSession(run, hold, this.stores, firstEvents, lastSequence);
    const work = new RunWork(session, this.gateway, this.stores, this.liveRuns, slot);
    this.works.set(run.id, work);
    if (this.givenUp) work.abort(new AbortReason('shutdown'));
    void work.done.finally(() => {
      // A run that was taken from this process may have come back to it meanwhile, under a new fence.
      if (this.works.get(run.id) === work) this.works.delete(run.id);
    });
    return session.live;
  }

  /** Places for calls that are free at this moment. */
  get freeSlots(): number {
    return this.gateway.slots.free;
  }

  /** Runs that this process holds. */
  heldRuns(): RunId[] {
    return [...this.works.keys()];
  }

  /** Ends the call of a run by its owner's wish, if it is worked on here. */
  cancel(id: RunId): void {
    this.works.get(id)?.abort(new AbortReason('cancelled'));
  }

  /** Resolves when the work on a run has ended; at once when there is none here. */
  async whenDone(id: RunId): Promise<void> {
    await this.works.get(id)?.done;
  }

  /** `RunPump` ends before, as Nest ends first what depends on something: so no run is about to be started here. */
  async beforeApplicationShutdown(): Promise<void> {
    const all = this.allDone();
    await this.lifecycle.graceFor(all);
    this.givenUp = true;
    for (const work of this.works.values()) work.abort(new AbortReason('shutdown'));
    await this.lifecycle.recordingOf(all);
    // The database is away: another start recovers what is left. Readers would wait for its end, and hold the server open.
    for (const work of this.works.values()) work.forsake(new ShuttingDownError());
  }

  private async allDone(): Promise<void> {
    while (this.works.size > 0 || this.acceptances.size > 0) {
      await Promise.allSettled([...this.acceptances, ...[...this.works.values()].map(({ done }) => done)]);
    }
  }
}
