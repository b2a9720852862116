import { BrokenCircuitError, circuitBreaker, type CircuitBreakerPolicy, CircuitState, handleAll } from 'cockatiel';
import { LRUCache } from 'lru-cache';
import { CallAborted, ClaudeApiError, type ClaudeSlug, NO_FACTS } from '../claude-failure.js';
import { breakerState } from '../claude.metrics.js';
import { modelLabel } from '../model-label.js';
import { FailureRate } from './failure-rate.js';

const HALF_OPEN_AFTER_MS = 15_000;
/** Model names are the caller's: only so many breakers are kept. */
const MAX_MODELS = 100;

/** No connection, 5xx, timeouts and mid-stream faults; refusals and rate limits say that Claude is well. */
const FAILURES: ReadonlySet<ClaudeSlug> = new Set([
  'claude-overloaded',
  'claude-failed',
  'claude-unreachable',
  'claude-timeout',
  'claude-interrupted',
]);

interface Circuit {
  readonly policy: CircuitBreakerPolicy;
  openedAt: number;
}

/** What a call came to, so that the breaker counts a refusal as a sign of life. */
type Outcome<T> = { readonly value: T } | { readonly refusal: unknown };

/**
 * One circuit breaker for each model. It opens when half of at least 20 calls in 30 s fail, and lets a single probe through
 * after 15 s; meanwhile calls are refused at once.
 */
export class CircuitBreakers {
  private readonly circuits = new LRUCache<string, Circuit>({ max: MAX_MODELS });

  /**
   * @param hasTime whether the call has as long as Claude may take to begin: one that the deadline cuts off before, since it had
   *   waited for its place, says nothing of Claude
   * @throws ClaudeApiError (`claude-overloaded`, not retryable) while the model's circuit is open; what `call` throws.
   */
  async execute<T>(model: string, call: () => Promise<T>, hasTime: boolean): Promise<T> {
    const circuit = this.circuitOf(model);
    // cockatiel would let callers wait for the probe; ours are told at once.
    if (circuit.policy.state === CircuitState.HalfOpen) throw refusal(circuit);
    let outcome: Outcome<T>;
    try {
      outcome = await circuit.policy.execute(() => observe(call, (error) => this.counts(error, hasTime, circuit)));
    } catch (error) {
      throw error instanceof BrokenCircuitError ? refusal(circuit) : error;
    }
    if ('refusal' in outcome) throw outcome.refusal;
    return outcome.value;
  }

  /** Whether an error counts against Claude. A probe that says nothing has not shown that Claude is well: the circuit stays open. */
  private counts(error: unknown, hasTime: boolean, { policy }: Circuit): boolean {
    if (policy.state === CircuitState.HalfOpen && !(error instanceof ClaudeApiError)) return true;
    return isFailure(error, hasTime);
  }

  private circuitOf(model: string): Circuit {
    const known = this.circuits.get(model);
    if (known) return known;
    const circuit: Circuit = {
      policy: circuitBreaker(handleAll, { halfOpenAfter: HALF_OPEN_AFTER_MS, breaker: new FailureRate() }),
      openedAt: 0,
    };
    circuit.policy.onBreak(() => (circuit.openedAt = Date.now()));
    circuit.policy.onStateChange((state) =>
      breakerState.set({ model: modelLabel(model) }, state === CircuitState.Closed ? 0 : 1),
    );
    this.circuits.set(model, circuit);
    return circuit;
  }
}

async function observe<T>(call: () => Promise<T>, counts: (error: unknown) => boolean): Promise<Outcome<T>> {
  try {
    return { value: await call() };
  } catch (error) {
    if (counts(error)) throw error;
    return { refusal: error };
  }
}

/** A 4xx is Claude's answer, even where it is worth another try; a call that we gave up at its deadline is a timeout. */
function isFailure(error: unknown, hasTime: boolean): boolean {
  if (error instanceof CallAborted) return error.abortCause === 'deadline' && hasTime;
  if (!(error instanceof ClaudeApiError) || !FAILURES.has(error.slug)) return false;
  return error.statusCode === null || error.statusCode < 400 || error.statusCode >= 500;
}

function refusal({ openedAt }: Circuit): ClaudeApiError {
  const retryAfterMs = Math.max(1000, openedAt + HALF_OPEN_AFTER_MS - Date.now());
  return new ClaudeApiError('claude-overloaded', 'Claude has failed too often of late and is left alone for a while', {
    ...NO_FACTS,
    errorType: 'circuit_open',
    retryAfterMs,
  });
}
