import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { usdFromNano } from '../../../platform/money/money.js';
import { ApiInteger } from '../../../platform/openapi/api-integer.decorator.js';
import type { UsageReport } from '../usage.service.js';
import type { UsageShare, UsageSums } from '../usage.types.js';

/** What finished runs used together. */
class UsageSumsResponse {
  /** Finished runs, however they ended.
   * @example 12 */
  @ApiInteger()
  runs: number;

  /** @example 3120 */
  @ApiInteger()
  input_tokens: number;

  /** @example 9804 */
  @ApiInteger()
  output_tokens: number;

  /** @example 0 */
  @ApiInteger()
  cache_creation_input_tokens: number;

  /** @example 0 */
  @ApiInteger()
  cache_read_input_tokens: number;

  /** What the runs are known to have cost.
   * @example 0.10428 */
  cost_usd: number;

  /** The most that attempts without a seen end may have cost beyond that; budgets count both.
   * @example 0 */
  unknown_max_usd: number;
}

/** Usage of one day. */
export class DayUsageResponse extends UsageSumsResponse {
  /** The UTC day on which the runs finished.
   * @example "2026-11-23" */
  @ApiProperty({ format: 'date' })
  day: string;
}

/** Usage of one model. */
export class ModelUsageResponse extends UsageSumsResponse {
  /** @example "claude-sonnet-5-5" */
  model: string;
}

/** Usage of one research item. */
export class ResearchItemUsageResponse extends UsageSumsResponse {
  /** Null: runs without an item, or whose item was deleted. */
  @ApiInteger({ nullable: true, example: 7 })
  research_item_id: number | null;
}

const ITEMS = [DayUsageResponse, ModelUsageResponse, ResearchItemUsageResponse];

/** What finished runs used, by one of three. */
@ApiExtraModels(...ITEMS)
export class UsageReportResponse {
  /** By `day` newest first, only days with runs; by `model` and `research_item` the dearest first, at most 1,000. */
  @ApiProperty({ type: 'array', items: { oneOf: ITEMS.map((item) => ({ $ref: getSchemaPath(item) })) } })
  items: (DayUsageResponse | ModelUsageResponse | ResearchItemUsageResponse)[];

  /** The first day that counts.
   * @example "2026-10-25" */
  @ApiProperty({ format: 'date' })
  from: string;

  /** The last day that counts.
   * @example "2026-11-23" */
  @ApiProperty({ format: 'date' })
  to: string;
}

const SUMS = {
  runs: 12,
  input_tokens: 3120,
  output_tokens: 9804,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  cost_usd: 0.10428,
  unknown_max_usd: 0.041002,
};
const RANGE = { from: '2026-10-25', to: '2026-11-23' };
const example = (summary: string, item: UsageReportResponse['items'][number]) => ({
  summary,
  value: { items: [item], ...RANGE },
});

/** What a report looks like by each of the three, for the OpenAPI document. */
export const USAGE_EXAMPLES = {
  day: example('By day', { day: '2026-11-23', ...SUMS }),
  model: example('By model', { model: 'claude-sonnet-5-5', ...SUMS }),
  research_item: example('By research item', { research_item_id: 7, ...SUMS }),
};

/** The report as the API shows it. */
export function toUsageReportResponse({ shares, range }: UsageReport): UsageReportResponse {
  return { items: shares.map(toItem), from: range.from, to: range.to };
}

function toItem(share: UsageShare): UsageReportResponse['items'][number] {
  const sums = toSums(share);
  if (share.group === 'day') return { day: share.day, ...sums };
  if (share.group === 'model') return { model: share.model, ...sums };
  return { research_item_id: share.researchItemId, ...sums };
}

function toSums(sums: UsageSums): UsageSumsResponse {
  return {
    runs: sums.runs,
    input_tokens: sums.inputTokens,
    output_tokens: sums.outputTokens,
    cache_creation_input_tokens: sums.cacheCreationInputTokens,
    cache_read_input_tokens: sums.cacheReadInputTokens,
    cost_usd: usdFromNano(sums.costNanoUsd),
    unknown_max_usd: usdFromNano(sums.unknownMaxNanoUsd),
  };
}
