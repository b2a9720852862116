import { Global, Module } from '@nestjs/common';
import { RateLimiter } from './rate-limiter.js';
import { RateLimits } from './rate-limits.js';

/** Limits of requests per user. */
@Global()
@Module({ providers: [RateLimiter, RateLimits], exports: [RateLimits] })
export class RateLimitsModule {}
