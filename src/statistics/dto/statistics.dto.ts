import { ApiProperty } from '@nestjs/swagger';
import { usdFromNano } from '../../platform/money/money.js';
import { ApiInteger } from '../../platform/openapi/api-integer.decorator.js';
import type { DatedStatistics } from '../statistics.service.js';

/** How many runs there are, and how they ended. */
export class RunStatisticsResponse {
  /** Every run, whatever its status: queued and running ones too.
   * @example 120 */
  @ApiInteger()
  total: number;

  /** Runs with the status `succeeded`.
   * @example 113 */
  @ApiInteger()
  succeeded: number;

  /** Runs with the status `failed`; cancelled and interrupted ones count for the total alone.
   * @example 4 */
  @ApiInteger()
  failed: number;
}

/** What finished runs used. */
export class TokenStatisticsResponse {
  /** `usage.input_tokens` of all runs: tokens that were written to or read from the prompt cache are not in it.
   * @example 31200 */
  @ApiInteger()
  input: number;

  /** @example 98040 */
  @ApiInteger()
  output: number;
}

/** What a user has, and what the user's runs used, all of one moment. */
export class StatisticsResponse {
  /** @example 12 */
  @ApiInteger()
  research_items: number;

  /** @example 31 */
  @ApiInteger()
  prompts: number;

  runs: RunStatisticsResponse;

  tokens: TokenStatisticsResponse;

  /** What finished runs are known to have cost, as `cost_usd` of `GET /ai/usage` over all time.
   * @example 1.0428 */
  cost_usd: number;

  /** When this was counted: later changes are not in it.
   * @example "2026-11-23T10:15:30.123Z" */
  @ApiProperty({ format: 'date-time' })
  computed_at: string;
}

/** The statistics as the API shows them. */
export function toStatisticsResponse({ statistics, computedAt }: DatedStatistics): StatisticsResponse {
  const { total, succeeded, failed } = statistics.runs;
  const { input, output } = statistics.tokens;
  return {
    research_items: statistics.researchItems,
    prompts: statistics.prompts,
    runs: { total, succeeded, failed },
    tokens: { input, output },
    cost_usd: usdFromNano(statistics.costNanoUsd),
    computed_at: computedAt.toISOString(),
  };
}
