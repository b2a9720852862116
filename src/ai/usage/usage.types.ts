import type { NanoUsd } from '../../platform/money/money.js';
import type { Day } from '../../platform/time/day.js';
import type { ResearchItemId } from '../../prompts/parent-item.js';

export const USAGE_GROUPS = ['day', 'model', 'research_item'] as const;

/** Groups in one report: any year of days, and the dearest models and items. */
export const MAX_GROUPS = 1000;

/** What usage is summed up by. */
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** What runs used together. */
export interface UsageSums {
  readonly runs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly cacheReadInputTokens: number;
  readonly costNanoUsd: NanoUsd;
  /** The most that attempts may have cost beyond the known cost. */
  readonly unknownMaxNanoUsd: NanoUsd;
}

/** The usage of one day, model or research item; the item is null for runs without one, or whose item is gone. */
export type UsageShare = UsageSums &
  (
    | { readonly group: 'day'; readonly day: Day }
    | { readonly group: 'model'; readonly model: string }
    | { readonly group: 'research_item'; readonly researchItemId: ResearchItemId | null }
  );
