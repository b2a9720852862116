const WINDOW_MS = 60_000;
const LIMITS = {
  requests: 1_000_000,
  tokens: 1_000_000_000,
  'input-tokens': 800_000_000,
  'output-tokens': 200_000_000,
};

/** The `anthropic-ratelimit-*` headers. They count requests down within a minute, but nothing is refused by them. */
export class RateLimits {
  private windowEndsAt = 0;
  private requests = 0;
  private fixed: Record<string, string> = {};

  /** Counts one request and tells what is left. */
  headers(): Record<string, string> {
    const now = Date.now();
    if (now >= this.windowEndsAt) this.startWindow(now);
    this.requests += 1;
    const remaining = String(Math.max(0, LIMITS.requests - this.requests));
    return { ...this.fixed, 'anthropic-ratelimit-requests-remaining': remaining };
  }

  private startWindow(now: number): void {
    this.windowEndsAt = now + WINDOW_MS;
    this.requests = 0;
    const reset = `${new Date(this.windowEndsAt).toISOString().slice(0, 19)}Z`;
    const entries = Object.entries(LIMITS).flatMap(([name, limit]) => [
      [`anthropic-ratelimit-${name}-limit`, String(limit)],
      [`anthropic-ratelimit-${name}-remaining`, String(limit)],
      [`anthropic-ratelimit-${name}-reset`, reset],
    ]);
    this.fixed = Object.fromEntries(entries) as Record<string, string>;
  }
}
