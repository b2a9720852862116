import { Injectable } from '@nestjs/common';
import type { UserId } from '../identity/user-id.js';
import { ReplicaCache } from '../platform/cache/replica-cache.js';
import { SharedTexts } from '../platform/cache/shared-texts.js';
import { Config } from '../platform/config/config.js';
import { StatisticsRepository } from './statistics.repository.js';
import { isStatistics, type Statistics } from './statistics.types.js';

/** Statistics, when they were computed, and for how long they are kept. */
export interface DatedStatistics {
  readonly statistics: Statistics;
  readonly computedAt: Date;
  readonly ageSeconds: number;
  readonly ttlSeconds: number;
}

/** The statistics of users, computed at most once in `STATISTICS_TTL_SECONDS`. */
@Injectable()
export class StatisticsService {
  private readonly cache: ReplicaCache<Statistics>;
  private readonly ttlSeconds: number;

  constructor(
    private readonly repository: StatisticsRepository,
    config: Config,
    shared: SharedTexts,
  ) {
    this.ttlSeconds = config.statisticsTtlSeconds;
    const ttlMs = this.ttlSeconds * 1000;
    this.cache = new ReplicaCache(shared, { name: 'statistics:1', ttlMs, isOurs: isStatistics });
  }

  /** The owner's statistics, as old as they may be. */
  async of(owner: UserId): Promise<DatedStatistics> {
    const { value, at } = await this.cache.of(String(owner), () => this.repository.compute(owner));
    const ageSeconds = Math.floor((Date.now() - at) / 1000);
    return {
      statistics: value,
      computedAt: new Date(at),
      ageSeconds: Math.min(this.ttlSeconds, Math.max(0, ageSeconds)),
      ttlSeconds: this.ttlSeconds,
    };
  }
}
