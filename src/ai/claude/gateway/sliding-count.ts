/** Counts events of the last so many seconds, by the second. */
export class SlidingCount {
  private readonly seconds = new Map<number, number>();

  constructor(private readonly keptSeconds: number) {}

  add(now: number): void {
    const second = Math.floor(now / 1000);
    this.seconds.set(second, (this.seconds.get(second) ?? 0) + 1);
    for (const old of this.seconds.keys()) {
      if (old > second - this.keptSeconds) break;
      this.seconds.delete(old);
    }
  }

  /** Events of the last `seconds`, which may be fewer than are kept. */
  sum(now: number, seconds = this.keptSeconds): number {
    const from = Math.floor(now / 1000) - seconds;
    let sum = 0;
    for (const [second, count] of this.seconds) if (second > from) sum += count;
    return sum;
  }

  clear(): void {
    this.seconds.clear();
  }
}
