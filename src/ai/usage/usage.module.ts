import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { UsageController } from './usage.controller.js';
import { UsageRepository } from './usage.repository.js';
import { UsageRollup } from './usage-rollup.entity.js';
import { UsageService } from './usage.service.js';

/** Reports of what finished runs used. */
@Module({
  imports: [TypeOrmModule.forFeature([UsageRollup])],
  controllers: [UsageController],
  providers: [UsageService, UsageRepository],
})
export class UsageModule {}
