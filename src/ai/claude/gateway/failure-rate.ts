import { CircuitState, type IBreaker } from 'cockatiel';
import { SlidingCount } from './sliding-count.js';

const WINDOW_SECONDS = 30;
const MINIMUM_CALLS = 20;
const SHARE_OF_FAILURES = 0.5;

/**
 * Says when a circuit opens: when half of at least twenty calls in thirty seconds failed, or a probe did. cockatiel's own
 * sampling breaker forgets only while calls come: failures of an hour ago would open the circuit of a quiet installation.
 */
export class FailureRate implements IBreaker {
  /** For cockatiel, which can carry a breaker's state elsewhere; this one stays. */
  state: unknown = null;
  private readonly calls = new SlidingCount(WINDOW_SECONDS);
  private readonly failures = new SlidingCount(WINDOW_SECONDS);

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) {
      this.calls.clear();
      this.failures.clear();
    }
    this.calls.add(Date.now());
  }

  failure(state: CircuitState): boolean {
    const now = Date.now();
    this.calls.add(now);
    this.failures.add(now);
    if (state !== CircuitState.Closed) return true;
    const calls = this.calls.sum(now);
    return calls >= MINIMUM_CALLS && this.failures.sum(now) >= calls * SHARE_OF_FAILURES;
  }
}
