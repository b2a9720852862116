import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import { ResearchPlatformError } from '../../../platform/errors/research-platform.error.js';

/** Calls that may wait for a place, for each place there is. */
const WAITING_PER_SLOT = 20;

/** Gives a place back; calling it again does nothing. */
export type Release = () => void;

/** Our own queue for Claude is full. Slug `overloaded`. */
export class OverloadedError extends ResearchPlatformError {
  constructor() {
    super('overloaded', 'Too many runs are waiting for Claude in this process');
  }
}

/** Places for calls in flight in this process. A caller who gives up waiting frees its place in the queue. */
export class CallSlots {
  private readonly policy: BulkheadPolicy;
  private readonly maxWaiting: number;
  /** cockatiel keeps those who gave up in its own queue until their turn comes: here only the others count. */
  private waiting = 0;
  private freed: () => void = () => undefined;

  constructor(capacity: number) {
    this.policy = bulkhead(capacity, Number.POSITIVE_INFINITY);
    this.maxWaiting = Math.max(1000, capacity * WAITING_PER_SLOT);
  }

  /** Places free at this moment. */
  get free(): number {
    return this.policy.executionSlots;
  }

  /** Is told each time that a place has been given back and nobody was waiting for it. */
  onFree(listener: () => void): void {
    this.freed = listener;
  }

  /** @throws OverloadedError when not even waiting is possible. */
  refuseWhenFull(): void {
    if (this.free === 0 && this.waiting >= this.maxWaiting) throw new OverloadedError();
  }

  /**
   * Waits for a place.
   * @throws the signal's reason when it aborts first, OverloadedError when the queue is full.
   */
  async acquire(signal: AbortSignal): Promise<Release> {
    signal.throwIfAborted();
    this.refuseWhenFull();
    return new Promise<Release>((resolve, reject) => {
      const onAbort = (): void => {
        this.waiting -= 1;
        reject(signal.reason as Error);
      };
      this.waiting += 1;
      signal.addEventListener('abort', onAbort, { once: true });
      const held = (): Promise<void> =>
        new Promise<void>((release) => {
          // Who gave up passes the place on at once.
          if (signal.aborted) return release();
          signal.removeEventListener('abort', onAbort);
          this.waiting -= 1;
          resolve(release);
        });
      void this.policy.execute(held).then(() => {
        if (this.free > 0) this.freed();
      });
    });
  }
}
