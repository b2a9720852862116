import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { ClaudeApiError } from './claude-failure.js';
import { modelLabel } from './model-label.js';

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300];

const attempts = new Counter({
  name: 'dossier_claude_attempts_total',
  help: 'Attempts at Claude, by outcome (succeeded, aborted, or a problem slug)',
  labelNames: ['model', 'outcome'],
});
const duration = new Histogram({
  name: 'dossier_claude_attempt_duration_seconds',
  help: 'Duration of attempts at Claude',
  labelNames: ['outcome'],
  buckets: SECONDS,
});
const firstText = new Histogram({
  name: 'dossier_claude_time_to_first_token_seconds',
  help: 'From sending an attempt to its first text',
  buckets: SECONDS,
});
const inFlight = new Gauge({ name: 'dossier_claude_calls_in_flight', help: 'Calls to Claude in flight' });

/** 0 while a model's circuit is closed, 1 while it is open or being probed. */
export const breakerState = new Gauge({
  name: 'dossier_claude_breaker_open',
  help: 'Whether the circuit breaker of a model is open',
  labelNames: ['model'],
});

/** Figures of the calls to Claude for `/metrics`. */
@Injectable()
export class ClaudeMetrics {
  /**
   * Makes one attempt under observation.
   * @param call is given what to call at each piece of text
   */
  async observe<T>(model: string, call: (onText: () => void) => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const seconds = (): number => (performance.now() - startedAt) / 1000;
    let silent = true;
    let outcome = 'aborted';
    inFlight.inc();
    try {
      const result = await call(() => {
        if (silent) firstText.observe(seconds());
        silent = false;
      });
      outcome = 'succeeded';
      return result;
    } catch (error) {
      if (error instanceof ClaudeApiError) outcome = error.slug;
      throw error;
    } finally {
      inFlight.dec();
      attempts.inc({ model: modelLabel(model), outcome });
      duration.observe({ outcome }, seconds());
    }
  }
}
