import type { AnswerScript } from '../answers/answer.composer.js';
import { ApiError, errorTypeOf } from '../api-error.js';
import { STOP_REASONS, type StopReason } from '../simulator.types.js';
import type { BrokenEnding } from '../streaming/stream-player.js';
import type { FaultDirective } from './fault-directives.js';

/** What comes in place of an answer. `hang` sends nothing, `hang_headers` a 200 and then nothing. */
export type Failure =
  { kind: 'error'; error: ApiError } | { kind: 'hang' | 'hang_headers' | 'reset' | 'garbage' | 'html' | 'expired' };

/** What the directives of one call come to. An empty plan is an ordinary answer. Times in milliseconds. */
export interface FaultPlan extends AnswerScript {
  failure?: Failure;
  ending?: BrokenEnding;
  /** The error event that an `error` ending sends. */
  streamError?: ApiError;
  firstTokenMs?: number;
  deltaMs?: number;
  deltas?: number;
  noUsage?: boolean;
}

type Attributes = FaultDirective['attributes'];

const ENDINGS = { hang_after: 'hang', reset_after: 'reset', end_after: 'end', error_after: 'error' } as const;
const FAILURES = ['hang', 'hang_headers', 'reset', 'garbage', 'html', 'expired'] as const;

/** A non-negative integer attribute, or undefined where it is not given. Throws a 400 for anything else. */
export function integerOf(attributes: Attributes, name: string): number | undefined {
  const value = attributes.get(name);
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new ApiError(400, `simulator: ${name}=${value} is no integer`);
  return Number(value);
}

/** The plan of a single directive. Throws a 400 for values that make no sense. */
export function planOf(attributes: Attributes): FaultPlan {
  const plan: FaultPlan = {
    failure: failureOf(attributes),
    ending: endingOf(attributes),
    firstTokenMs: integerOf(attributes, 'slow_ms'),
    deltaMs: integerOf(attributes, 'delta_ms'),
    deltas: integerOf(attributes, 'deltas'),
    text: attributes.get('text'),
    stopReason: stopReasonOf(attributes),
    noUsage: attributes.has('no_usage') || undefined,
    thinking: attributes.has('thinking') || undefined,
    invalidJson: attributes.has('invalid_json') || undefined,
  };
  if (plan.ending?.kind === 'error') plan.streamError = errorOf(attributes, 529);
  const given = Object.entries(plan).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as FaultPlan;
}

function endingOf(attributes: Attributes): BrokenEnding | undefined {
  for (const [name, kind] of Object.entries(ENDINGS)) {
    const afterDeltas = integerOf(attributes, name);
    if (afterDeltas !== undefined) return { kind, afterDeltas };
  }
  return undefined;
}

function failureOf(attributes: Attributes): Failure | undefined {
  const status = integerOf(attributes, 'status');
  if (status !== undefined) {
    if (status < 400 || status > 599) throw new ApiError(400, `simulator: status=${status} is no error`);
    return { kind: 'error', error: errorOf(attributes, status) };
  }
  if (attributes.has('spend_cap')) {
    const message = 'You have reached your specified API usage limits.';
    const details = { error_code: 'enforced_spend_limit_reached' };
    return { kind: 'error', error: new ApiError(429, message, undefined, {}, details) };
  }
  const kind = FAILURES.find((name) => attributes.has(name));
  return kind && { kind };
}

function errorOf(attributes: Attributes, status: number): ApiError {
  const headers: Record<string, string> = {};
  const [retryAfter, retryAfterMs] = [attributes.get('retry_after'), attributes.get('retry_after_ms')];
  if (retryAfter !== undefined) headers['retry-after'] = retryAfter;
  if (retryAfterMs !== undefined) headers['retry-after-ms'] = retryAfterMs;
  const type = attributes.get('error_type') ?? errorTypeOf(status);
  const message = attributes.get('message') ?? (status === 529 ? 'Overloaded' : `Simulated error ${status}`);
  return new ApiError(status, message, type, headers);
}

function stopReasonOf(attributes: Attributes): StopReason | undefined {
  const value = attributes.get('stop_reason');
  if (value === undefined) return undefined;
  const reason = STOP_REASONS.find((known) => known === value);
  if (!reason) throw new ApiError(400, `simulator: stop_reason=${value} is unknown`);
  return reason;
}
