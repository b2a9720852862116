import { AbortReason, type ClaudeApiError } from '../claude/claude-failure.js';
import type { AttemptRecorder, FinalAttempt } from '../claude/claude-gateway.js';
import { LiveRun } from './live-run.js';
import type { Hold } from './run-ledger.repository.js';
import { brokenBilling, worstCaseOf } from './run-money.js';
import { finishedRun } from './run-outcome.js';
import type { RunStores } from './run-stores.js';
import { toRunResponse } from './dto/run.response.js';
import { nanoUsd } from '../../platform/money/money.js';
import type { Run, RunAttempt, RunEvent } from './run.types.js';

/** At most one delta is written in this time. */
const DELTA_INTERVAL_MS = 50;
/** How long text of a run that nobody here follows may stay unwritten. */
const UNWATCHED_INTERVAL_MS = 200;

/** Records the course of one run that this process works on: attempts, text, events, end. */
export class RunSession implements AttemptRecorder {
  readonly live: LiveRun;
  private readonly abortion = new AbortController();
  private sequence: number;
  private pendingText = '';
  private lastWriteAt = 0;
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();

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
    this.sequence = lastSequence;
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
    const held = existing
      ? await this.stores.ledger.markSent(this.hold, number, startedAt)
      : await this.stores.ledger.openAttempt(this.hold, this.live.run.userId, attempt);
    if (!held) throw this.fenced();
    this.remember(attempt);
  }

  text(text: string): void {
    this.pendingText += text;
    if (this.timer) return;
    const interval = this.live.watched ? DELTA_INTERVAL_MS : UNWATCHED_INTERVAL_MS;
    const since = Date.now() - this.lastWriteAt;
    const delay = this.live.watched ? Math.max(0, interval - since) : interval;
    this.timer = setTimeout(() => this.flush(), delay);
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
      ...brokenBilling(this.live.run.model, open, mayBeBilled, seen),
    };
    if (!(await this.stores.ledger.closeAttempt(this.hold, attempt))) throw this.fenced();
    this.remember(attempt);
  }

  /**
   * Records the end of the run with what is still unwritten of its text. May be called again after it failed: the
   * database may have been away.
   */
  async finish(final: FinalAttempt | Error): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    await this.writing;
    const { run, price } = finishedRun(this.live.run, final, new Date());
    const events = this.lastEvents(run);
    if (!(await this.stores.ledger.settle(this.hold, run, events, price))) throw this.fenced();
    this.pendingText = '';
    this.live.advance(run, events);
    this.live.end(run);
  }

  private lastEvents(run: Run): RunEvent[] {
    const events: Omit<RunEvent, 'sequence'>[] = [];
    if (this.pendingText) events.push({ name: 'delta', data: JSON.stringify({ text: this.pendingText }) });
    const response = toRunResponse(run);
    if (response.usage) {
      events.push({ name: 'usage', data: JSON.stringify({ ...response.usage, cost_usd: response.cost_usd }) });
    }
    events.push({ name: run.status as RunEvent['name'], data: JSON.stringify(response) });
    return events.map((event, index) => ({ sequence: this.sequence + 1 + index, ...event }));
  }

  /** Writes the text so far as one delta. Text that comes meanwhile waits for the next. */
  private flush(): void {
    this.writing = this.writing.then(async () => {
      this.timer = null;
      const text = this.pendingText;
      if (!text) return;
      this.lastWriteAt = Date.now();
      const event: RunEvent = { sequence: this.sequence + 1, name: 'delta', data: JSON.stringify({ text }) };
      try {
        if (!(await this.stores.events.append({ hold: this.hold, event }))) return this.abort(this.fenced());
      } catch {
        // The database is away: the text stays pending and goes with the next write, at the latest with the end.
        return;
      }
      this.sequence += 1;
      this.pendingText = this.pendingText.slice(text.length);
      this.live.advance(this.live.run, [event]);
      if (this.pendingText) this.text('');
    });
  }

  private remember(attempt: RunAttempt): void {
    const others = this.live.run.attempts.filter(({ number }) => number !== attempt.number);
    this.live.advance({ ...this.live.run, attempts: [...others, attempt] }, []);
  }

  private fenced(): AbortReason {
    return new AbortReason('fenced');
  }
}

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
