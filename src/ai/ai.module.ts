import { Module } from '@nestjs/common';
import { ModelsController } from './models/models.controller.js';
import { RunsModule } from './runs/runs.module.js';
import { UsageModule } from './usage/usage.module.js';

/** Everything that has to do with Claude: models, runs, usage. */
@Module({ imports: [RunsModule, UsageModule], controllers: [ModelsController] })
export class AiModule {}
