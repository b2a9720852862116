import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { AiModule } from './ai/ai.module.js';
import { TokenCounterModule } from './ai/token-counter/token-counter.module.js';
import { ExportsModule } from './exports/exports.module.js';
import { IdentityModule } from './identity/identity.module.js';
import { CacheModule } from './platform/cache/cache.module.js';
import type { Config } from './platform/config/config.js';
import { ConfigModule } from './platform/config/config.module.js';
import { DatabaseModule } from './platform/database/database.module.js';
import { ProblemsController } from './platform/errors/problems.controller.js';
import { HealthModule } from './platform/health/health.module.js';
import { IdempotencyModule } from './platform/idempotency/idempotency.module.js';
import { loggerParams } from './platform/logging/logger-params.js';
import { MetricsModule } from './platform/metrics/metrics.module.js';
import { PagingModule } from './platform/paging/paging.module.js';
import { RateLimitsModule } from './platform/rate-limits/rate-limits.module.js';
import { RedisModule } from './platform/redis/redis.module.js';
import { PromptsModule } from './prompts/prompts.module.js';
import { ResearchModule } from './research/research.module.js';
import { StatisticsModule } from './statistics/statistics.module.js';
import { SearchModule } from './search/search.module.js';

/** Table of contents of the monolith. */
@Module({})
export class AppModule {
  /** @param config what `loadConfig` made at boot. */
  static forRoot(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        LoggerModule.forRoot(loggerParams(config)),
        DatabaseModule,
        RedisModule,
        CacheModule,
        RateLimitsModule,
        PagingModule,
        IdempotencyModule,
        HealthModule,
        MetricsModule,
        IdentityModule,
        PromptsModule,
        ResearchModule,
        TokenCounterModule,
        AiModule,
        ExportsModule,
        StatisticsModule,
        SearchModule,
      ],
      controllers: [ProblemsController],
    };
  }
}
