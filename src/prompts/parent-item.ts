import type { Brand } from '../platform/brand.js';
import { ResearchPlatformError } from '../platform/errors/research-platform.error.js';

/** Id of a research item. It stands here because prompts and runs hang on items, and nothing below imports `research`. */
export type ResearchItemId = Brand<number, 'ResearchItemId'>;

/** The caller has no research item of this id; whether somebody else has stays unsaid. Slug `item-not-found`. */
export class ItemNotFoundError extends ResearchPlatformError {
  constructor(itemId: number) {
    super('item-not-found', `Research item ${itemId} not found`);
  }
}
