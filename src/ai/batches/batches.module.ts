import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PromptsModule } from '../../prompts/prompts.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { BatchAcceptance } from './batch-acceptance.js';
import { BatchDrafts } from './batch-drafts.js';
import { Batch } from './batch.entity.js';
import { BatchReader } from './batch-reader.js';
import { BatchResultsRepository } from './batch-results.repository.js';
import { BatchRetries } from './batch-retries.js';
import { BatchesController } from './batches.controller.js';
import { BatchesRepository } from './batches.repository.js';
import { BatchesService } from './batches.service.js';

/** Batches: many runs at once, accepted as a whole, read in input order. */
@Module({
  imports: [TypeOrmModule.forFeature([Batch]), RunsModule, PromptsModule],
  controllers: [BatchesController],
  providers: [
    BatchesService,
    BatchAcceptance,
    BatchDrafts,
    BatchReader,
    BatchRetries,
    BatchesRepository,
    BatchResultsRepository,
  ],
})
export class BatchesModule {}
