import { ResearchPlatformError } from '../errors/research-platform.error.js';

/** The user has sent more requests than the minute allows. Slug `rate-limited`. */
export class RateLimitedError extends ResearchPlatformError {
  constructor(limit: number, retryAfterSeconds: number) {
    super('rate-limited', `More than ${limit} requests in a minute; wait ${retryAfterSeconds} s`, {
      retryAfterSeconds,
    });
  }
}
