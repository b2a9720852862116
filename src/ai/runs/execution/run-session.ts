import { mayPass, violates } from '../../../platform/database/sql-errors.js';
import { nanoUsd } from '../../../platform/money/money.js';
import { AbortReason, type ClaudeApiError } from '../../claude/claude-failure.js';
import type { AnswerStart, ClaudeAnswer } from '../../claude/claude.types.js';
import type { AttemptRecorder, FinalAttempt } from '../../claude/gateway/passage.js';
import { DeltaWriter } from '../events/delta-writer.js';
import { lastEvents } from '../events/last-events.js';
import { LiveRun } from '../events/live-run.js';
import type { AttemptBeginning } from '../events/run-events.repository.js';
import type { Hold } from '../ledger/run-ledger.repository.js';
import { brokenBilling, costOfUsage, settledBilling, worstCaseOf } from '../ledger/run-money.js';
import { finishedRun } from '../ledger/run-outcome.js';
import { RunUnrecordedError } from '../run.errors.js';
import type { Run, RunAttempt, RunEvent } from '../run.types.js';
import { pauseForDatabase } from './pause-for-database.js';
import type { RunStores } from './run-stores.js';

/** Records the course of one run that this process works on: attempts, text, events, end. */
export class RunSession implements AttemptRecorder {
  readonly live: LiveRun;
  private readonly abortion = new AbortController();
  private readonly deltas: DeltaWriter;
  /** The attempt whose text came last. */
  private begunAttempt = 0;

  /**
   * @param run as it was accepted or claimed
   * @param firstEvents stored events that this process knows; the run's further ones follow `lastSequence`
   */
  constructor(
    run: Run,
    readonly hold: Hold,
    private readonly stores: RunStores,
    firstEvents: readonly RunEvent[],
    lastSequence: number,
  ) {
    this.live = new LiveRun(run);
    this.live.advance(run, firstEvents);
    this.deltas = new DeltaWriter(hold, this.live, stores.events, lastSequence, () => this.abort(FENCED));
  }

  /** Ends the work on this run: by the caller's wish, a shutdown, or because another worker has it. */
  abort(reason: AbortReason): void {
    this.abortion.abort(reason);
  }

  get signal(): AbortSignal {
    return this.abortion.signal;
  }

  async sending(number: number, waitMs: number): Promise<void> {
    const startedAt = new Date();
    const attempts = this.live.run.attempts;
    const existing = attempts.find((attempt) => attempt.number === number);
    if (existing?.state === 'sent') return;
    const attempt: RunAttempt = existing
      ? { ...existing, state: 'sent', startedAt }
      : { ...blankAttempt(number, startedAt, waitMs), reservedNanoUsd: worstCaseOf(this.live.run) };
    const { ledger } = this.stores;
    const write = (): Promise<boolean> =>
      existing
        ? ledger.markSent(this.hold, number, startedAt)
        : ledger.openAttempt(this.hold, this.live.run.userId, attempt);
    await this.persist(attempt, write, { ...attempt, state: 'intent' });
  }

  text(number: number, text: string, start: AnswerStart): void {
    if (number !== this.begunAttempt) this.deltas.begin(this.beginningOf(number, start));
    this.begunAttempt = number;
    this.deltas.add(text);
  }

  /** What is worth to be stored with the first text: should this process be lost, nobody else knows it. */
  private beginningOf(number: number, { usage, requestId }: AnswerStart): AttemptBeginning {
    const { run } = this.live;
    const sentAt = run.attempts.find((attempt) => attempt.number === number)?.startedAt ?? new Date();
    return { number, requestId, minNanoUsd: costOfUsage(run, usage, sentAt)?.nano ?? nanoUsd(0) };
  }

  async failed(number: number, failure: ClaudeApiError, durationMs: number, nextWaitMs: number): Promise<void> {
    this.stores.log.attemptFailed(this.live.run, number, failure, nextWaitMs);
    const open = this.live.run.attempts.find((attempt) => attempt.number === number);
    if (!open) return;
    const { statusCode, errorType, claudeRequestId, mayBeBilled, seen } = failure.facts;
    const attempt: RunAttempt = {
      ...open,
      durationMs,
      statusCode,
      errorType,
      claudeRequestId,
      ...brokenBilling(this.live.run, open, mayBeBilled, seen),
    };
    await this.persist(attempt, () => this.stores.ledger.closeAttempt(this.hold, attempt));
  }

  async paused(number: number, turn: ClaudeAnswer, durationMs: number): Promise<void> {
    const open = this.live.run.attempts.find((attempt) => attempt.number === number);
    if (!open) return;
    const cost = costOfUsage(this.live.run, turn.usage, open.startedAt);
    const attempt: RunAttempt = {
      ...open,
      durationMs,
      statusCode: 200,
      claudeRequestId: turn.requestId,
      ...settledBilling(cost?.nano ?? null),
    };
    await this.persist(attempt, () => this.stores.ledger.closeAttempt(this.hold, attempt));
  }

  /**
   * Records the end of the run with what is still unwritten of its text. May be called again after it failed: the
   * database may have been away.
   */
  async finish(final: FinalAttempt | Error): Promise<void> {
    const { sequence, pending } = await this.deltas.finish();
    const { run, price } = finishedRun(this.live.run, final, new Date());
    const events = lastEvents(run, sequence, pending);
    const { ledger, settlements } = this.stores;
    const settlement = { hold: this.hold, run, events, price };
    // No row: another worker has the run, or an earlier try of ours was recorded and only its answer was lost.
    if (!(await settlements.settle(settlement)) && !(await ledger.hasSettled(this.hold))) throw FENCED;
    this.live.advance(run, events);
    this.live.end(run);
  }

  /**
   * Writes an attempt's state. A database that is away or busy for a while ends no run that Claude may have been paid for: it
   * is waited for, and those who wait for the run here are told.
   * @param unsure how the attempt counts when the work ends before it is known whether the write was done: the end of the run
   *   closes it
   */
  private async persist(attempt: RunAttempt, write: () => Promise<boolean>, unsure = attempt): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        if (!(await write())) throw FENCED;
        return this.remember(attempt);
      } catch (error) {
        // A try whose answer was lost may be done after the next one has looked: then both open the same attempt.
        const again = mayPass(error) || (tries > 0 && violates(error, 'run_attempts_pkey'));
        if (!again || this.signal.aborted) {
          if (again || tries > 0) this.remember(unsure);
          throw error;
        }
        this.stores.log.unrecorded(this.live.run, error);
        this.live.abandon(new RunUnrecordedError(this.live.run.id, { cause: error }));
        await pauseForDatabase(tries);
      }
    }
  }

  private remember(attempt: RunAttempt): void {
    const others = this.live.run.attempts.filter(({ number }) => number !== attempt.number);
    this.live.advance({ ...this.live.run, attempts: [...others, attempt] }, []);
  }
}

const FENCED = new AbortReason('fenced');

function blankAttempt(number: number, startedAt: Date, waitMs: number): Omit<RunAttempt, 'reservedNanoUsd'> {
  return {
    number,
    state: 'sent',
    startedAt,
    durationMs: null,
    waitMs,
    statusCode: null,
    errorType: null,
    claudeRequestId: null,
    minNanoUsd: nanoUsd(0),
    maxNanoUsd: null,
  };
}
