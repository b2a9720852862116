import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DailyUsage } from './daily-usage.entity.js';
import { UsageController } from './usage.controller.js';
import { UsageRepository } from './usage.repository.js';
import { UsageRollup } from './usage-rollup.entity.js';
import { UsageService } from './usage.service.js';

/** Reports of what finished runs used. */
@Module({
  imports: [TypeOrmModule.forFeature([UsageRollup, DailyUsage])],
  controllers: [UsageController],
  providers: [UsageService, UsageRepository],
})
export class UsageModule {}
