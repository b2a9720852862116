import { Module } from '@nestjs/common';
import { BatchesModule } from './batches/batches.module.js';
import { ModelsController } from './models/models.controller.js';
import { RunsModule } from './runs/runs.module.js';

/** Everything that has to do with Claude: models, runs, batches. */
@Module({ imports: [RunsModule, BatchesModule], controllers: [ModelsController] })
export class AiModule {}
