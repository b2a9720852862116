import { ResearchPlatformError } from '../../platform/errors/research-platform.error.js';
import type { BatchId } from './batch.types.js';

/** No batch of the caller's has this id. Slug `batch-not-found`. */
export class BatchNotFoundError extends ResearchPlatformError {
  constructor(id: BatchId) {
    super('batch-not-found', `Batch ${id} not found`);
  }
}
