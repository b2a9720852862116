import { ResearchPlatformError } from '../errors/research-platform.error.js';

/** The key stands for another request of the user's. Slug `idempotency-key-reused`. */
export class IdempotencyKeyReusedError extends ResearchPlatformError {
  constructor() {
    super('idempotency-key-reused', 'The Idempotency-Key was used for another request within the last 24 hours');
  }
}

/** The first request under the key has not ended. Slug `request-in-progress`. */
export class RequestInProgressError extends ResearchPlatformError {
  constructor() {
    super('request-in-progress', 'The first request under this Idempotency-Key is still running');
  }
}
