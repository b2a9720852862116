import type { Run, RunEvent } from '../run.types.js';

/**
 * A run that this process works on. Its stored events stay in one list that all readers share, each at its own place: a
 * slow reader costs nothing and holds nothing up.
 */
export class LiveRun {
  private readonly events: RunEvent[] = [];
  private readonly wakers = new Set<() => void>();
  private readonly settled: Promise<Run>;
  private finish: (run: Run) => void = () => undefined;
  private fail: (error: unknown) => void = () => undefined;
  private readers = 0;
  private changes = 0;
  private over = false;

  constructor(private present: Run) {
    this.settled = new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
    // Nobody may be waiting; the executor reports failures itself.
    this.settled.catch(() => undefined);
  }

  /** The run as it stands. */
  get run(): Run {
    return this.present;
  }

  /** Whether the last event is stored. */
  get ended(): boolean {
    return this.over;
  }

  /** Whether anybody here follows the events. */
  get watched(): boolean {
    return this.readers > 0;
  }

  /** A reader begins to follow the events; call what it answers when the reader ends. */
  join(): () => void {
    this.readers += 1;
    return () => {
      this.readers -= 1;
    };
  }

  /** Number of the first event that is held here; earlier ones are in the database alone. */
  get firstSequence(): number {
    return this.events[0]?.sequence ?? Number.MAX_SAFE_INTEGER;
  }

  /** Makes stored events, and the state that goes with them, visible to readers. */
  advance(run: Run, events: readonly RunEvent[]): void {
    this.present = run;
    this.events.push(...events);
    this.wake();
  }

  /** The last event is stored: readers end after it. */
  end(run: Run): void {
    this.over = true;
    this.finish(run);
    this.wake();
  }

  /** This process cannot record the end: those who wait for it here are told so. */
  abandon(error: unknown): void {
    this.fail(error);
    this.wake();
  }

  /** Events after a sequence number that `firstSequence` does not exceed. */
  eventsAfter(sequence: number): readonly RunEvent[] {
    return this.events.slice(Math.max(0, sequence + 1 - this.firstSequence));
  }

  /** The finished run. @throws what kept this process from recording the end. */
  whenSettled(): Promise<Run> {
    return this.settled;
  }

  /** Grows with every change: what a reader remembers before it looks, to be told by `changed` what came meanwhile. */
  get revision(): number {
    return this.changes;
  }

  /** Resolves when there is something newer than `revision`, or after `timeoutMs`; false means nothing new. */
  changed(timeoutMs: number, revision = this.changes): Promise<boolean> {
    if (revision !== this.changes) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waker = (): void => {
        clearTimeout(timer);
        this.wakers.delete(waker);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.wakers.delete(waker);
        resolve(false);
      }, timeoutMs);
      this.wakers.add(waker);
    });
  }

  private wake(): void {
    this.changes += 1;
    for (const waker of this.wakers) waker();
  }
}
