import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { ShuttingDownError } from '../../../platform/errors/platform.errors.js';
import { Lifecycle } from '../../../platform/health/lifecycle.js';
import type { Release } from '../../claude/call-slots.js';
import type { ClaudeRequest } from '../../claude/claude.types.js';
import { AbortReason, ClaudeApiError } from '../../claude/claude-failure.js';
import { ClaudeGateway } from '../../claude/claude-gateway.js';
import type { FinalAttempt } from '../../claude/passage.js';
import type { LiveRun } from '../events/live-run.js';
import { LiveRuns } from '../events/live-runs.js';
import type { Hold } from '../ledger/run-ledger.repository.js';
import { RunFailedError, RunUnrecordedError } from '../run.errors.js';
import { pauseBeforeRecording, RunSession } from './run-session.js';
import { RunStores } from './run-stores.js';
import { countRun } from './run.metrics.js';
import type { Run, RunEvent, RunId } from '../run.types.js';

/** How long running calls get once a shutdown has begun, and then their records. */
const SHUTDOWN_GRACE_MS = 20_000;
const RECORD_GRACE_MS = 5000;

/** Name of this process among the workers; every start is a new one. */
export const WORKER_ID = randomUUID();

/** Work on one run: resolves when its end is recorded, or when it turned out to be another worker's. */
interface Work {
  readonly session: RunSession;
  readonly done: Promise<void>;
}

/** Does the work on runs: makes the calls through the gateway, records what comes, and sees each run to its end. */
@Injectable()
export class RunExecutor implements BeforeApplicationShutdown {
  private readonly works = new Map<RunId, Work>();

  constructor(
    private readonly gateway: ClaudeGateway,
    private readonly stores: RunStores,
    private readonly liveRuns: LiveRuns,
    private readonly lifecycle: Lifecycle,
  ) {}

  /**
   * A place for a call, if one is free at this moment; null means that the run will have to wait for one.
   * @throws OverloadedError when even the queue is full, ShuttingDownError
   */
  async takeSlot(): Promise<Release | null> {
    if (this.lifecycle.stopping) throw new ShuttingDownError();
    this.gateway.slots.refuseWhenFull();
    return this.gateway.slots.free > 0 ? this.gateway.slots.acquire(this.lifecycle.signal) : null;
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
    const hold: Hold = { runId: run.id, workerId: WORKER_ID, fence };
    const session = new RunSession(run, hold, this.stores, firstEvents, lastSequence);
    this.liveRuns.add(session.live);
    const done = this.work(session, slot).finally(() => {
      this.liveRuns.remove(session.live);
      this.works.delete(run.id);
    });
    this.works.set(run.id, { session, done });
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

  /** Resolves when the work on a run has ended; at once when there is none here. */
  async whenDone(id: RunId): Promise<void> {
    await this.works.get(id)?.done;
  }

  async beforeApplicationShutdown(): Promise<void> {
    const all = Promise.all([...this.works.values()].map(({ done }) => done));
    await Promise.race([all, sleep(SHUTDOWN_GRACE_MS, undefined, { ref: false })]);
    for (const { session } of this.works.values()) session.abort(new AbortReason('shutdown'));
    await Promise.race([all, sleep(RECORD_GRACE_MS, undefined, { ref: false })]);
    // The database is away: another start recovers what is left. Readers would wait for its end, and hold the server open.
    for (const { session } of this.works.values()) this.forsake(session, new ShuttingDownError());
  }

  private async work(session: RunSession, slot: Release | null): Promise<void> {
    this.stores.log.started(session.live.run);
    let final: FinalAttempt | Error;
    try {
      final = await this.gateway.answer(requestOf(session.live.run), session, session.signal, slot);
    } catch (error) {
      final = error instanceof Error ? error : new Error(String(error));
    }
    if (isFenced(final)) return this.lose(session);
    if (!(final instanceof Error) && final.failure instanceof ClaudeApiError) {
      this.stores.log.attemptFailed(session.live.run, final.number, final.failure, 0);
    }
    await this.record(session, final);
  }

  /** An answer that was paid for must not be lost because the database is away for a while: tries until it is back. */
  private async record(session: RunSession, final: FinalAttempt | Error): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await session.finish(final);
        this.stores.log.ended(session.live.run);
        return countRun(session.live.run);
      } catch (error) {
        if (isFenced(error)) return this.lose(session);
        this.stores.log.unrecorded(session.live.run, error);
        session.live.abandon(new RunUnrecordedError(session.live.run.id, { cause: error }));
        await pauseBeforeRecording(tries);
      }
    }
  }

  /** Another worker has the run, or its end is recorded already: whoever waits here must look there. */
  private lose(session: RunSession): void {
    this.stores.log.lost(session.live.run);
    const { id } = session.live.run;
    this.forsake(session, new RunFailedError('run-interrupted', `Run ${id} went on elsewhere; read it there`, id));
  }

  /** Tells those who wait here; readers go on with what is stored, so the run may not be found here when they are woken. */
  private forsake(session: RunSession, error: Error): void {
    this.liveRuns.remove(session.live);
    session.live.abandon(error);
  }
}

function isFenced(outcome: unknown): boolean {
  if (outcome instanceof AbortReason) return outcome.abortCause === 'fenced';
  const failure = (outcome as Partial<FinalAttempt> | null)?.failure;
  return failure instanceof Error && 'abortCause' in failure && failure.abortCause === 'fenced';
}

function requestOf(run: Run): ClaudeRequest {
  return {
    model: run.model,
    maxTokens: run.settings.max_tokens,
    system: run.system,
    messages: run.messages,
    effort: run.settings.effort,
    stopSequences: run.settings.stop_sequences,
    outputSchema: run.settings.output_schema,
    webSearch: run.settings.web_search,
  };
}
