import { type NanoUsd, nanoFromUsd } from '../../platform/money/money.js';
import catalog from './catalog.json' with { type: 'json' };

/** A price as the API shows it and `catalog.json` keeps it: in USD per million tokens, one for each day and prompt tier. */
export interface ModelPriceView {
  /** First day (UTC, `YYYY-MM-DD`) it holds; null: for as long as the model exists. */
  readonly effective_from: string | null;
  /** Largest prompt (input, cache writes and cache reads together) it is for; null: no limit. Holds for the whole request. */
  readonly up_to_prompt_tokens: number | null;
  readonly input_usd_per_million: number;
  readonly output_usd_per_million: number;
  readonly cache_write_5m_usd_per_million: number;
  readonly cache_write_1h_usd_per_million: number;
  readonly cache_read_usd_per_million: number;
  /** The day on which the price was last seen at its source. */
  readonly as_of: string;
  readonly source: string;
}

/** A model as `GET /ai/models` shows it: limits in tokens, null where they are not published. */
export interface ModelView {
  readonly id: string;
  readonly display_name: string;
  readonly max_input_tokens: number | null;
  readonly max_output_tokens: number | null;
  /** The day (UTC) a deprecated model ends; null: it is not deprecated. */
  readonly retires_on: string | null;
  /** By day, then by tier; empty: the model runs, but what it costs is unknown. */
  readonly prices: readonly ModelPriceView[];
}

/** The price of one request, as a run keeps it: whole nano-dollars per million tokens of each class. */
export interface PriceRow {
  readonly model: string;
  readonly effective_from: string | null;
  readonly up_to_prompt_tokens: number | null;
  readonly input: NanoUsd;
  readonly output: NanoUsd;
  readonly cache_write_5m: NanoUsd;
  readonly cache_write_1h: NanoUsd;
  readonly cache_read: NanoUsd;
}

const MODELS: readonly ModelView[] = catalog.models;
const BY_ID: ReadonlyMap<string, ModelView> = new Map(MODELS.map((model) => [model.id, model]));
const PRICES: ReadonlyMap<string, readonly PriceRow[]> = new Map(
  MODELS.map(({ id, prices }) => [id, prices.map((price) => priceRow(id, price))]),
);

/** Every model of the catalog. Claude may know others: they run as well, without limits and price. */
export function listModels(): readonly ModelView[] {
  return MODELS;
}

/**
 * The model with this id. A dated id (`claude-sonnet-5-5-20260928`) names a snapshot, which has limits and prices of its
 * base model (`claude-sonnet-5-5`). Null: the catalog does not know it.
 */
export function findModel(id: string): ModelView | null {
  return BY_ID.get(id) ?? BY_ID.get(id.replace(/-\d{8}$/, '')) ?? null;
}

/**
 * What a request with a prompt of `promptTokens` (all three input classes together) costs on the UTC day of `date`. Null
 * when no price is known: unknown model, model without prices, or a day before its first price.
 */
export function priceAt(modelId: string, date: Date, promptTokens: number): PriceRow | null {
  const rows = PRICES.get(findModel(modelId)?.id ?? '') ?? [];
  const day = date.toISOString().slice(0, 10);
  const latest = rows.findLast((row) => row.effective_from === null || row.effective_from <= day);
  const tiers = rows.filter((row) => row.effective_from === latest?.effective_from);
  return tiers.find(({ up_to_prompt_tokens: limit }) => limit === null || promptTokens <= limit) ?? null;
}

function priceRow(model: string, price: ModelPriceView): PriceRow {
  return {
    model,
    effective_from: price.effective_from,
    up_to_prompt_tokens: price.up_to_prompt_tokens,
    input: nanoFromUsd(price.input_usd_per_million),
    output: nanoFromUsd(price.output_usd_per_million),
    cache_write_5m: nanoFromUsd(price.cache_write_5m_usd_per_million),
    cache_write_1h: nanoFromUsd(price.cache_write_1h_usd_per_million),
    cache_read: nanoFromUsd(price.cache_read_usd_per_million),
  };
}
