import { Module } from '@nestjs/common';
import { BatchesModule } from './batches/batches.module.js';
import { ModelsController } from './models/models.controller.js';
import { RunsModule } from './runs/runs.module.js';
import { UsageModule } from './usage/usage.module.js';

/** Everything that has to do with Claude: models, runs, batches, usage. */
@Module({ imports: [RunsModule, BatchesModule, UsageModule], controllers: [ModelsController], exports: [RunsModule] })
export class AiModule {}
