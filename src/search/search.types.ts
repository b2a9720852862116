import type { DayRange } from '../platform/time/day.js';
import type { ResearchItemId } from '../prompts/parent-item.js';
import type { Fragment } from './fragments.js';

export const HIT_TYPES = ['research_item', 'prompt', 'run'] as const;

/** What can be found. */
export type HitType = (typeof HIT_TYPES)[number];

/** What is searched for. */
export interface SearchQuestion {
  readonly q: string;
  readonly type?: HitType | undefined;
  readonly researchItemId?: number | undefined;
  /** Days on which hits were made; an end that is left out is open. */
  readonly days: Partial<DayRange>;
}

/** Where a page begins: behind a hit, among what there was when the first page was made. */
export interface SearchPosition {
  readonly rank: number;
  readonly type: HitType;
  readonly id: number;
  /** The position of the newest document of each type that is searched; null where there was none. */
  readonly tops: readonly (number | null)[];
}

/** One thing that was found. */
export interface Hit {
  readonly type: HitType;
  readonly id: number;
  readonly title: string;
  readonly fragments: readonly Fragment[];
  readonly researchItemId: ResearchItemId | null;
  readonly createdAt: Date;
  readonly rank: number;
}
