import { SlidingCount } from './sliding-count.js';

const WINDOW_SECONDS = 60;
/** Retries that are never refused, in any ten seconds: a single caller must get its attempts. */
const FLOOR = 20;
const FLOOR_SECONDS = 10;
const SHARE_OF_CALLS = 0.1;

/**
 * Bounds the retries of the whole process to a tenth of its calls over a minute, so that a failing Claude is not asked three
 * times as often as a healthy one. The first twenty in any ten seconds are free.
 */
export class RetryBudget {
  private readonly calls = new SlidingCount(WINDOW_SECONDS);
  private readonly retries = new SlidingCount(WINDOW_SECONDS);

  /** A call goes out, retry or not. */
  called(now = Date.now()): void {
    this.calls.add(now);
  }

  /** Takes one retry; false when there is none left. */
  take(now = Date.now()): boolean {
    const free = this.retries.sum(now, FLOOR_SECONDS) < FLOOR;
    const affordable = this.retries.sum(now) < this.calls.sum(now) * SHARE_OF_CALLS;
    if (!free && !affordable) return false;
    this.retries.add(now);
    return true;
  }
}
