import { ApiProperty } from '@nestjs/swagger';
import { ApiInteger } from '../../../platform/openapi/api-integer.decorator.js';

/** Prices of a model from a day on, in US dollars per million tokens. Batches cost half. */
export class ModelPriceResponse {
  /** The first day that the price holds; null: it always has.
   * @example "2026-09-28" */
  @ApiProperty({ type: String, format: 'date', nullable: true })
  effective_from: string | null;

  /** The price holds for prompts up to so many tokens; null: for all larger ones. */
  @ApiInteger({ nullable: true, example: null })
  up_to_prompt_tokens: number | null;

  /** @example 2 */
  input_usd_per_million: number;

  /** @example 10 */
  output_usd_per_million: number;

  /** @example 2.5 */
  cache_write_5m_usd_per_million: number;

  /** @example 4 */
  cache_write_1h_usd_per_million: number;

  /** @example 0.1 */
  cache_read_usd_per_million: number;

  /** The day on which the price was read.
   * @example "2026-11-20" */
  @ApiProperty({ format: 'date' })
  as_of: string;

  /** Where the price was read. */
  source: string;
}

/** A model that Dossier knows the limits or prices of; others run too, at an unknown cost. */
export class ModelResponse {
  /** @example "claude-sonnet-5-5" */
  id: string;

  /** @example "Claude Sonnet 5.5" */
  display_name: string;

  @ApiInteger({ nullable: true, example: 1000000 })
  max_input_tokens: number | null;

  @ApiInteger({ nullable: true, example: 128000 })
  max_output_tokens: number | null;

  /** The day on which Claude stops serving it, where one is announced. */
  @ApiProperty({ type: String, format: 'date', nullable: true })
  retires_on: string | null;

  prices: ModelPriceResponse[];
}

/** Every known model. */
export class ModelListResponse {
  items: ModelResponse[];
  /** Always null: the list is whole. */
  next_cursor: string | null;
}
