import { ResearchPlatformError } from '../../platform/errors/research-platform.error.js';
import type { BatchId } from './batch.types.js';

/** No batch of the caller's has this id. Slug `batch-not-found`. */
export class BatchNotFoundError extends ResearchPlatformError {
  constructor(id: BatchId) {
    super('batch-not-found', `Batch ${id} not found`);
  }
}

/** What the queries of a batch ask is too much together, as rendered. Slug `payload-too-large`. */
export class BatchTooLargeError extends ResearchPlatformError {
  constructor(mostCharacters: number) {
    super(
      'payload-too-large',
      `The queries of a batch may ask ${mostCharacters} characters together, as rendered: ask these in several batches`,
    );
  }
}
