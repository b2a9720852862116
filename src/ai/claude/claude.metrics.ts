import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';

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

/** One attempt under observation. */
export interface Observation {
  /** A piece of text has come. */
  text(): void;
  end(outcome: string): void;
}

/** Model names are the caller's: beyond so many distinct ones they share a label, or they would fill the memory. */
const MAX_MODELS = 50;

/** Figures of the calls to Claude for `/metrics`. */
@Injectable()
export class ClaudeMetrics {
  private readonly models = new Set<string>();

  /** Begins to observe one attempt. */
  begin(model: string): Observation {
    const startedAt = performance.now();
    let seen = false;
    inFlight.inc();
    return {
      text: () => {
        if (!seen) firstText.observe((performance.now() - startedAt) / 1000);
        seen = true;
      },
      end: (outcome) => {
        inFlight.dec();
        attempts.inc({ model: this.label(model), outcome });
        duration.observe({ outcome }, (performance.now() - startedAt) / 1000);
      },
    };
  }

  private label(model: string): string {
    if (this.models.has(model)) return model;
    if (this.models.size >= MAX_MODELS) return 'other';
    this.models.add(model);
    return model;
  }
}
