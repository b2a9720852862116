import { mayPass } from '../../../platform/database/sql-errors.js';
import { AbortReason, ClaudeApiError } from '../../claude/claude-failure.js';
import type { Release } from '../../claude/gateway/call-slots.js';
import type { ClaudeGateway } from '../../claude/gateway/claude-gateway.js';
import type { FinalAttempt } from '../../claude/gateway/passage.js';
import { requestOf } from '../claude-request.js';
import type { LiveRuns } from '../events/live-runs.js';
import { RunFailedError, RunUnrecordedError } from '../run.errors.js';
import { pauseForDatabase } from './pause-for-database.js';
import type { RunSession } from './run-session.js';
import type { RunStores } from './run-stores.js';
import { countRun } from './run.metrics.js';

/** The work on one run: through the gateway to its recorded end, or until it turns out to be another worker's. */
export class RunWork {
  /** Resolves when the work has ended. It never rejects. */
  readonly done: Promise<void>;

  /** @param slot the place for its first call, given back by the work */
  constructor(
    private readonly session: RunSession,
    private readonly gateway: ClaudeGateway,
    private readonly stores: RunStores,
    private readonly liveRuns: LiveRuns,
    slot: Release | null,
  ) {
    liveRuns.add(session.live);
    this.done = this.work(slot).finally(() => liveRuns.remove(session.live));
  }

  /** Ends the call to Claude; the run is recorded with what was seen. */
  abort(reason: AbortReason): void {
    this.session.abort(reason);
  }

  /** Tells those who wait here; readers go on with what is stored, so the run may not be found here when they are woken. */
  forsake(error: Error): void {
    this.liveRuns.remove(this.session.live);
    this.session.live.abandon(error);
  }

  private async work(slot: Release | null): Promise<void> {
    const { live, signal } = this.session;
    this.stores.log.started(live.run);
    let final: FinalAttempt | Error;
    try {
      final = await this.gateway.answer(requestOf(live.run), this.session, signal, slot);
    } catch (error) {
      final = error instanceof Error ? error : new Error(String(error));
    }
    if (isFenced(final)) return this.lose();
    if (!(final instanceof Error) && final.failure instanceof ClaudeApiError) {
      this.stores.log.attemptFailed(live.run, final.number, final.failure, 0);
    }
    await this.record(final);
  }

  /**
   * An answer that was paid for must not be lost because the database is away for a while: tries until it is back. An end
   * that cannot be recorded at all is a defect, and recorded as one: the run may not stay under way for ever.
   */
  private async record(final: FinalAttempt | Error): Promise<void> {
    const { live } = this.session;
    let end = final;
    for (let tries = 0; ; tries += 1) {
      try {
        await this.session.finish(end);
        this.stores.log.ended(live.run);
        return countRun(live.run);
      } catch (error) {
        if (isFenced(error)) return this.lose();
        this.stores.log.unrecorded(live.run, error);
        if (!mayPass(error)) {
          if (end instanceof Error) return this.forsake(new RunUnrecordedError(live.run.id, { cause: error }));
          end = error instanceof Error ? error : new Error(String(error));
          continue;
        }
        live.abandon(new RunUnrecordedError(live.run.id, { cause: error }));
        await pauseForDatabase(tries);
      }
    }
  }

  /** Another worker has the run, or its end is recorded already: whoever waits here must look there. */
  private lose(): void {
    const { run } = this.session.live;
    this.stores.log.lost(run);
    this.forsake(new RunFailedError('run-interrupted', `Run ${run.id} went on elsewhere; read it there`, run.id));
  }
}

function isFenced(outcome: unknown): boolean {
  if (outcome instanceof AbortReason) return outcome.abortCause === 'fenced';
  const failure = (outcome as Partial<FinalAttempt> | null)?.failure;
  return failure instanceof Error && 'abortCause' in failure && failure.abortCause === 'fenced';
}
