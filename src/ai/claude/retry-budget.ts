const WINDOW_SECONDS = 60;
/** Retries that are never refused, in any ten seconds: a single caller must get its attempts. */
const FLOOR = 20;
const FLOOR_SECONDS = 10;
const SHARE_OF_CALLS = 0.1;

/** Counts events of the last minute by the second. */
class SlidingCount {
  private readonly seconds = new Map<number, number>();

  add(now: number): void {
    const second = Math.floor(now / 1000);
    this.seconds.set(second, (this.seconds.get(second) ?? 0) + 1);
    for (const old of this.seconds.keys()) {
      if (old > second - WINDOW_SECONDS) break;
      this.seconds.delete(old);
    }
  }

  sum(now: number, seconds: number): number {
    const from = Math.floor(now / 1000) - seconds;
    let sum = 0;
    for (const [second, count] of this.seconds) if (second > from) sum += count;
    return sum;
  }
}

/**
 * Bounds the retries of the whole process to a tenth of its calls over a minute, so that a failing Claude is not asked three
 * times as often as a healthy one. The first twenty in any ten seconds are free.
 */
export class RetryBudget {
  private readonly calls = new SlidingCount();
  private readonly retries = new SlidingCount();

  /** A call goes out, retry or not. */
  called(now = Date.now()): void {
    this.calls.add(now);
  }

  /** Takes one retry; false when there is none left. */
  take(now = Date.now()): boolean {
    const free = this.retries.sum(now, FLOOR_SECONDS) < FLOOR;
    const affordable = this.retries.sum(now, WINDOW_SECONDS) < this.calls.sum(now, WINDOW_SECONDS) * SHARE_OF_CALLS;
    if (!free && !affordable) return false;
    this.retries.add(now);
    return true;
  }
}
