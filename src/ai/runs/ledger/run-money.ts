import { type NanoUsd, nanoUsd } from '../../../platform/money/money.js';
import type { ClaudeAnswer, ClaudeUsage } from '../../claude/claude.types.js';
import { findModel, type PriceRow, priceAt } from '../../models/catalog.js';
import { costOf, estimateInputTokens, promptTokensOf, worstCaseCost } from '../../models/cost.js';
import type { BillingState, RunAttempt, RunQuestion, RunResult } from '../run.types.js';

/** The worst case of one attempt, to be set aside before the call; null when the model has no price. */
export function worstCaseOf(
  question: Pick<RunQuestion, 'model' | 'system' | 'messages' | 'settings' | 'messageBatchId'>,
  at = new Date(),
): NanoUsd | null {
  const texts = [question.system ?? '', ...question.messages.map(({ content }) => content)];
  const schema = question.settings.output_schema;
  const estimate = estimateInputTokens(schema ? [...texts, JSON.stringify(schema)] : texts);
  // What a web search finds counts as input, up to all that the model takes.
  const inputTokens = question.settings.web_search
    ? (findModel(question.model)?.max_input_tokens ?? estimate)
    : estimate;
  const price = priceAt(question.model, at, inputTokens);
  if (!price) return null;
  const batch = question.messageBatchId !== null;
  return worstCaseCost({ inputTokens, maxTokens: question.settings.max_tokens, price, cacheWrites: true, batch });
}

/** What decides the price of a run beside its usage. */
export type Priced = Pick<RunQuestion, 'model' | 'messageBatchId'>;

/** The price row that a run used, and whether it used it as part of a Message Batch, at half of it. */
export interface UsedPrice extends PriceRow {
  readonly batch?: true;
}

/** What one attempt cost: price row and amount; null where the model has no price or the usage was not seen. */
export function costOfUsage(
  { model, messageBatchId }: Priced,
  usage: ClaudeUsage | null,
  at: Date,
): { price: UsedPrice; nano: NanoUsd } | null {
  if (!usage) return null;
  const price = priceAt(model, at, promptTokensOf(usage));
  if (!price) return null;
  if (messageBatchId === null) return { price, nano: costOf(usage, price) };
  return { price: { ...price, batch: true }, nano: costOf(usage, price, { batch: true }) };
}

/** How a finished attempt stands in the ledger. */
export type AttemptBilling = Pick<RunAttempt, 'state' | 'minNanoUsd' | 'maxNanoUsd'>;

/** The billing of an attempt that was refused, or never went out. */
export const NOT_BILLED: AttemptBilling = { state: 'settled', minNanoUsd: nanoUsd(0), maxNanoUsd: nanoUsd(0) };

/** The billing of an attempt that Claude answered to its end. */
export function settledBilling(nano: NanoUsd | null): AttemptBilling {
  return nano === null
    ? { state: 'unknown', minNanoUsd: nanoUsd(0), maxNanoUsd: null }
    : { state: 'settled', minNanoUsd: nano, maxNanoUsd: nano };
}

/**
 * The billing of an attempt without an end: nothing when it was refused or never went out; else what was seen is the
 * minimum and what was reserved the maximum.
 */
export function brokenBilling(
  run: Priced,
  attempt: Pick<RunAttempt, 'reservedNanoUsd' | 'startedAt' | 'minNanoUsd'>,
  mayBeBilled: boolean,
  seen: ClaudeAnswer | null,
): AttemptBilling {
  if (!mayBeBilled) return NOT_BILLED;
  const cost = costOfUsage(run, seen?.usage ?? null, attempt.startedAt)?.nano ?? 0;
  // A worker that is lost has stored what it knew with the first text.
  const minimum = nanoUsd(Math.max(cost, attempt.minNanoUsd));
  const reserved = attempt.reservedNanoUsd;
  return {
    state: 'unknown',
    minNanoUsd: minimum,
    maxNanoUsd: reserved === null ? null : nanoUsd(Math.max(reserved, minimum)),
  };
}

/** A run's money from its attempts: unknown as soon as one is, and never more exact than its attempts are. */
export function billingOf(
  attempts: readonly RunAttempt[],
): Pick<RunResult, 'billingState' | 'billingMinNanoUsd' | 'billingMaxNanoUsd' | 'costNanoUsd'> {
  const min = attempts.reduce((sum, attempt) => sum + attempt.minNanoUsd, 0);
  const priced = attempts.every((attempt) => attempt.maxNanoUsd !== null);
  const max = attempts.reduce((sum, attempt) => sum + (attempt.maxNanoUsd ?? 0), 0);
  const unknown = attempts.some((attempt) => attempt.state === 'unknown');
  const billingState: BillingState = unknown ? 'unknown' : max > 0 ? 'settled' : 'none';
  const settled = attempts.filter((attempt) => attempt.state === 'settled');
  const cost = settled.reduce((sum, attempt) => sum + attempt.minNanoUsd, 0);
  return {
    billingState,
    billingMinNanoUsd: nanoUsd(min),
    billingMaxNanoUsd: priced ? nanoUsd(max) : null,
    costNanoUsd: unknown && cost === 0 ? null : nanoUsd(cost),
  };
}
