import type { ResearchItemId } from '../prompts/parent-item.js';

/** What a user says of a research item. */
export interface ItemFields {
  readonly title: string;
  readonly description: string | null;
  /** In the order in which they were given. */
  readonly tags: readonly string[];
}

/** A research item with the number of its prompts. */
export interface ItemDetails extends ItemFields {
  readonly id: ResearchItemId;
  readonly promptCount: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What the list of items can be narrowed to. */
export interface ItemFilters {
  /** Full text in the syntax of web searches. */
  readonly q?: string;
  readonly tag?: string;
}
