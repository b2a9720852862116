import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ItemPromptsController } from './item-prompts.controller.js';
import { LabelsController } from './labels/labels.controller.js';
import { LabelsRepository } from './labels/labels.repository.js';
import { LabelsService } from './labels/labels.service.js';
import { PromptLabel } from './labels/prompt-label.entity.js';
import { PromptLabelMove } from './labels/prompt-label-move.entity.js';
import { Prompt } from './prompt.entity.js';
import { PromptsController } from './prompts.controller.js';
import { PromptsRepository } from './prompts.repository.js';
import { PromptsService } from './prompts.service.js';
import { PromptVersion } from './versions/prompt-version.entity.js';
import { PromptVersionsController } from './versions/prompt-versions.controller.js';
import { PromptVersionsRepository } from './versions/prompt-versions.repository.js';
import { PromptVersionsService } from './versions/prompt-versions.service.js';

/** Prompts, their versions and labels. Needs a `TokenCounter`, which the ai feature provides for all modules. */
@Module({
  imports: [TypeOrmModule.forFeature([Prompt, PromptVersion, PromptLabel, PromptLabelMove])],
  controllers: [ItemPromptsController, PromptsController, PromptVersionsController, LabelsController],
  providers: [
    PromptsRepository,
    PromptsService,
    PromptVersionsRepository,
    PromptVersionsService,
    LabelsRepository,
    LabelsService,
  ],
  exports: [PromptsService, LabelsService],
})
export class PromptsModule {}
