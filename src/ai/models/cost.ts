import { type NanoUsd, nanoUsd } from '../../platform/money/money.js';
import type { PriceRow } from './catalog.js';

/** Tokens of one call under Claude's own names. The four counts are disjoint: no token is in two of them. */
export interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  /** How the cache writes split up by lifetime; left out: all of them are five-minute ones, the API's default. */
  readonly cache_creation?: {
    readonly ephemeral_5m_input_tokens: number;
    readonly ephemeral_1h_input_tokens: number;
  } | null;
}

/** `batch`: through Message Batches, at half the price. */
export interface CostOptions {
  readonly batch?: boolean;
}

/** What bounds the cost of a call before it is made. */
export interface CostBounds extends CostOptions {
  /** At least the tokens of the whole prompt. */
  readonly inputTokens: number;
  readonly maxTokens: number;
  /** The price for a prompt of `inputTokens`: no smaller prompt has a dearer one (a rule of the catalog, tested there). */
  readonly price: PriceRow;
  /** Whether prompt caching is asked for: a prompt token may then be charged as a five-minute cache write. */
  readonly cacheWrites?: boolean;
}

/** Rates are for a million tokens; counted in halves, so that a batch is exact too. */
const HALVES_PER_MILLION = 2_000_000n;

/**
 * Every real tokenizer makes tokens of at least two bytes of nearly all text (English about four, other scripts of two or
 * three bytes a character about one character). Only texts made for it (long runs of digits, signs or rare characters) come near one.
 */
const BYTES_PER_TOKEN = 2;
/** Role, separators and the like around a text. */
const TOKENS_AROUND_TEXT = 16;

/** Tokens of the whole prompt, which decide the price tier: everything that went in, cached or not. */
export function promptTokensOf(usage: Usage): number {
  return usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens;
}

/**
 * What one attempt costs: summed exactly over the token classes, rounded half up once.
 * @param price the row for the whole prompt, `priceAt(model, day, promptTokensOf(usage))`
 * @throws RangeError when a count is negative or no whole number, or the cost is beyond 2^53 - 1 nano-dollars
 */
export function costOf(usage: Usage, price: PriceRow, { batch = false }: CostOptions = {}): NanoUsd {
  const written = count(usage.cache_creation_input_tokens);
  const oneHour = min(count(usage.cache_creation?.ephemeral_1h_input_tokens ?? 0), written);
  const perMillion =
    count(usage.input_tokens) * BigInt(price.input) +
    count(usage.output_tokens) * BigInt(price.output) +
    (written - oneHour) * BigInt(price.cache_write_5m) +
    oneHour * BigInt(price.cache_write_1h) +
    count(usage.cache_read_input_tokens) * BigInt(price.cache_read);
  return rounded(perMillion, batch);
}

/**
 * The most a call within these bounds can cost, whichever class its prompt tokens are charged as: what a budget sets aside.
 * @throws RangeError as `costOf`
 */
export function worstCaseCost({
  inputTokens,
  maxTokens,
  price,
  cacheWrites = false,
  batch = false,
}: CostBounds): NanoUsd {
  const dearest = Math.max(price.input, price.cache_read, cacheWrites ? price.cache_write_5m : 0);
  return rounded(count(inputTokens) * BigInt(dearest) + count(maxTokens) * BigInt(price.output), batch);
}

/**
 * At least the prompt tokens of these texts (system, messages, schemas): deliberately too many, for setting budget aside
 * without asking Claude. What Claude itself adds (search results, tool prompts) is not in it.
 */
export function estimateInputTokens(texts: readonly string[]): number {
  return texts.reduce(
    (sum, text) => sum + Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN) + TOKENS_AROUND_TEXT,
    0,
  );
}

/**
 * Rounded half up once, and half of it for a batch.
 * @param perMillion nano-dollars for a million times the tokens
 */
function rounded(perMillion: bigint, batch: boolean): NanoUsd {
  const halves = batch ? perMillion : 2n * perMillion;
  return nanoUsd((halves + HALVES_PER_MILLION / 2n) / HALVES_PER_MILLION);
}

function count(tokens: number): bigint {
  if (!Number.isSafeInteger(tokens) || tokens < 0) throw new RangeError(`${tokens} is no count of tokens`);
  return BigInt(tokens);
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
