import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { Config } from '../config/config.js';
import { DatabaseIdentity } from '../database/database-identity.js';
import { RedisConnection } from '../redis/redis-connection.js';

const WINDOW_SECONDS = 60;

/** How a user stands in the present minute, which begins with the user's first request in it. */
export interface RateStanding {
  readonly limit: number;
  readonly remaining: number;
  /** Until the minute ends and the count begins anew. */
  readonly resetSeconds: number;
  /** Whether this request is one too many. */
  readonly refused: boolean;
}

/** Counts the requests of each user: for all replicas in Redis, or in this process where there is none or it is away. */
@Injectable()
export class RateLimiter implements OnApplicationBootstrap {
  private readonly local: RateLimiterMemory | null;
  private shared: RateLimiterRedis | null = null;

  constructor(
    private readonly config: Config,
    private readonly redis: RedisConnection,
    private readonly identity: DatabaseIdentity,
  ) {
    const points = config.rateLimitPerMinute;
    this.local = points > 0 ? new RateLimiterMemory({ points, duration: WINDOW_SECONDS }) : null;
  }

  async onApplicationBootstrap(): Promise<void> {
    const storeClient = this.local && (await this.redis.open());
    if (!storeClient) return;
    this.shared = new RateLimiterRedis({
      storeClient,
      useRedisPackage: true,
      keyPrefix: `dossier:${await this.identity.read()}:rate-limit`,
      points: this.config.rateLimitPerMinute,
      duration: WINDOW_SECONDS,
    });
  }

  /** Counts one request of a user. Null when there is no limit. */
  async count(userId: number): Promise<RateStanding | null> {
    if (!this.local) return null;
    const { shared } = this;
    const standing = shared && (await this.redis.attempt(() => this.standing(shared, userId)));
    return standing ?? this.standing(this.local, userId);
  }

  private async standing(limiter: RateLimiterAbstract, userId: number): Promise<RateStanding> {
    try {
      return this.toStanding(await limiter.consume(userId), false);
    } catch (error) {
      if (error instanceof RateLimiterRes) return this.toStanding(error, true);
      throw error;
    }
  }

  private toStanding({ remainingPoints, msBeforeNext }: RateLimiterRes, refused: boolean): RateStanding {
    return {
      limit: this.config.rateLimitPerMinute,
      remaining: Math.max(0, remainingPoints),
      resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
      refused,
    };
  }
}
