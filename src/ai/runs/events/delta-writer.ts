import type { LiveRun } from './live-run.js';
import type { RunEventStore } from './run-event-store.js';
import type { AttemptBeginning } from './run-events.repository.js';
import type { Hold } from '../ledger/run-ledger.repository.js';
import type { RunEvent } from '../run.types.js';

/** At most one delta is written in this time. */
const DELTA_INTERVAL_MS = 50;
/** How long text of a run that nobody here follows may stay unwritten. */
const UNWATCHED_INTERVAL_MS = 1000;

/**
 * Writes a run's text as `delta` events, coalesced: the first piece at once when somebody follows, then at most one write
 * in 50 ms. An event is stored before readers see it.
 */
export class DeltaWriter {
  private pending = '';
  /** Of an attempt whose text has begun, until it is stored. */
  private beginning: AttemptBeginning | null = null;
  private lastWriteAt = 0;
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();
  private failed = false;
  private finished = false;

  /**
   * @param sequence number of the run's last stored event
   * @param onLost is called when the run turns out to be another worker's
   */
  constructor(
    private readonly hold: Hold,
    private readonly live: LiveRun,
    private readonly store: RunEventStore,
    private sequence: number,
    private readonly onLost: () => void,
  ) {}

  /** The text of an attempt begins: what is known of it is stored with the first piece. */
  begin(beginning: AttemptBeginning): void {
    this.beginning = beginning;
  }

  /** A piece of text has come. */
  add(text: string): void {
    this.pending += text;
    this.schedule();
  }

  /**
   * Ends the writing, to hand over to the one who writes the last events: number of the last stored event, and the text that
   * is not stored yet. From now on nothing is written here: it would take the number of a last event.
   * @throws what kept an earlier write from being known to have happened: it must be made sure of first
   */
  async finish(): Promise<{ sequence: number; pending: string }> {
    this.finished = true;
    if (this.timer) clearTimeout(this.timer);
    await this.writing;
    if (this.failed) await this.write();
    return { sequence: this.sequence, pending: this.pending };
  }

  private schedule(): void {
    if (this.timer || this.finished) return;
    const interval = this.live.watched ? DELTA_INTERVAL_MS : UNWATCHED_INTERVAL_MS;
    const due = this.live.watched ? Math.max(0, this.lastWriteAt + interval - Date.now()) : interval;
    this.timer = setTimeout(() => {
      this.writing = this.flush();
    }, due);
  }

  private async flush(): Promise<void> {
    try {
      await this.write();
    } catch {
      // The database is away: the text stays pending, and goes with the next write or, at the latest, with the end.
      this.failed = true;
    }
    this.timer = null;
    if (this.pending) this.schedule();
  }

  private async write(): Promise<void> {
    if (!this.pending) return;
    this.lastWriteAt = Date.now();
    const data = JSON.stringify({ text: this.pending });
    const event: RunEvent = { sequence: this.sequence + 1, name: 'delta', data };
    const { hold, beginning } = this;
    const stored = await this.store.append({ hold, event, beginning });
    if (stored === null) return this.onLost();
    if (this.beginning === beginning) this.beginning = null;
    // A write whose answer was lost may have happened: then its shorter text is what stands under this number.
    const { text } = JSON.parse(stored) as { text: string };
    this.failed = false;
    this.sequence += 1;
    this.pending = this.pending.slice(text.length);
    this.live.advance(this.live.run, [{ ...event, data: stored }]);
  }
}
