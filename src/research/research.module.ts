import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PromptsModule } from '../prompts/prompts.module.js';
import { ResearchItem } from './research-item.entity.js';
import { ResearchItemsController } from './research-items.controller.js';
import { ResearchItemsRepository } from './research-items.repository.js';
import { ResearchItemsService } from './research-items.service.js';

/** Research items. */
@Module({
  imports: [TypeOrmModule.forFeature([ResearchItem]), PromptsModule],
  controllers: [ResearchItemsController],
  providers: [ResearchItemsRepository, ResearchItemsService],
  exports: [ResearchItemsService],
})
export class ResearchModule {}
