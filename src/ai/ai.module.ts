import { Module } from '@nestjs/common';
import { ModelsController } from './models/models.controller.js';
import { RunsModule } from './runs/runs.module.js';

/** Everything that has to do with Claude: models, runs. */
@Module({ imports: [RunsModule], controllers: [ModelsController] })
export class AiModule {}
