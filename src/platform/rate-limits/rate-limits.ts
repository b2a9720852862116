import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Counter } from 'prom-client';
import { RateLimitedError } from './rate-limited.error.js';
import { RateLimiter, type RateStanding } from './rate-limiter.js';

const refusals = new Counter({ name: 'dossier_rate_limited_total', help: 'Requests beyond the limit of their user' });

/** Holds every user to `RATE_LIMIT_PER_MINUTE`, and tells on every answer how the user stands. */
@Injectable()
export class RateLimits {
  constructor(private readonly limiter: RateLimiter) {}

  /** Counts a request and sets the headers of its answer. @throws RateLimitedError when it is one too many */
  async admit(userId: number, reply: FastifyReply): Promise<void> {
    const standing = await this.limiter.count(userId);
    if (!standing) return;
    void reply.headers(headersOf(standing));
    if (!standing.refused) return;
    refusals.inc();
    throw new RateLimitedError(standing.limit, standing.resetSeconds);
  }
}

/** The present draft of the IETF, and the three headers that came before it. */
function headersOf({ limit, remaining, resetSeconds }: RateStanding): Record<string, string> {
  return {
    'ratelimit-policy': `"default";q=${limit};w=60`,
    ratelimit: `"default";r=${remaining};t=${resetSeconds}`,
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetSeconds),
  };
}
