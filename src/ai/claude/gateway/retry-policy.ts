import { ClaudeApiError } from '../claude-failure.js';

/** What bounds the retries of one run. */
export interface RetryLimits {
  readonly maxAttempts: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  readonly retryAfterMaxMs: number;
}

/**
 * How long to wait before the next attempt, in milliseconds, or null when there is to be none: `retry-after` when Claude
 * names one (beyond its cap the run fails and passes it on), else random between the minimum and `min(max, minimum · 2ⁿ)`.
 * @param attempt number of the attempt that failed, from 1
 * @param remainingMs until the run's deadline, which a wait may not pass
 */
export function waitBeforeRetry(
  failure: ClaudeApiError,
  attempt: number,
  remainingMs: number,
  limits: RetryLimits,
  random: () => number = Math.random,
): number | null {
  if (!failure.facts.retryable || attempt >= limits.maxAttempts) return null;
  const asked = failure.facts.retryAfterMs;
  if (asked !== null && asked > limits.retryAfterMaxMs) return null;
  const wait = asked ?? backoff(attempt, limits, random);
  return wait < remainingMs ? wait : null;
}

function backoff(attempt: number, { backoffMinMs, backoffMaxMs }: RetryLimits, random: () => number): number {
  const ceiling = Math.min(backoffMaxMs, backoffMinMs * 2 ** attempt);
  return Math.round(backoffMinMs + random() * (ceiling - backoffMinMs));
}
