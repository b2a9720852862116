import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PromptsModule } from '../../prompts/prompts.module.js';
import { ClaudeModule } from '../claude/claude.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { BatchAcceptance } from './batch-acceptance.js';
import { BatchCancellation } from './batch-cancellation.js';
import { BatchDrafts } from './batch-drafts.js';
import { Batch } from './batch.entity.js';
import { BatchReader } from './batch-reader.js';
import { BatchResultsRepository } from './batch-results.repository.js';
import { BatchRetries } from './batch-retries.js';
import { BatchesController } from './batches.controller.js';
import { BatchesRepository } from './batches.repository.js';
import { BatchesService } from './batches.service.js';
import { MessageBatchCollection } from './provider/message-batch-collection.js';
import { MessageBatchCourse } from './provider/message-batch-course.js';
import { MessageBatchPlan } from './provider/message-batch-plan.js';
import { MessageBatchRuns } from './provider/message-batch-runs.js';
import { MessageBatchStepsRepository } from './provider/message-batch-steps.repository.js';
import { MessageBatchSubmission } from './provider/message-batch-submission.js';
import { MessageBatchTracing } from './provider/message-batch-tracing.js';
import { MessageBatchWorker } from './provider/message-batch-worker.js';
import { MessageBatch } from './provider/message-batch.entity.js';
import { MessageBatchesRepository } from './provider/message-batches.repository.js';

/** Batches: many runs at once, accepted as a whole, read in input order. */
@Module({
  imports: [TypeOrmModule.forFeature([Batch, MessageBatch]), ClaudeModule, RunsModule, PromptsModule],
  controllers: [BatchesController],
  providers: [
    BatchesService,
    BatchAcceptance,
    BatchCancellation,
    BatchDrafts,
    BatchReader,
    BatchRetries,
    BatchesRepository,
    BatchResultsRepository,
    MessageBatchCollection,
    MessageBatchCourse,
    MessageBatchPlan,
    MessageBatchRuns,
    MessageBatchSubmission,
    MessageBatchTracing,
    MessageBatchWorker,
    MessageBatchesRepository,
    MessageBatchStepsRepository,
  ],
})
export class BatchesModule {}
