import { Module } from '@nestjs/common';
import { AiModule } from '../ai/ai.module.js';
import { PromptsModule } from '../prompts/prompts.module.js';
import { ResearchModule } from '../research/research.module.js';
import { DossierSource } from './dossier-source.js';
import { ExportsController } from './exports.controller.js';
import { ExportsRepository } from './exports.repository.js';
import { ExportsService } from './exports.service.js';

/** Research items as files, to read or to take along. */
@Module({
  imports: [ResearchModule, PromptsModule, AiModule],
  controllers: [ExportsController],
  providers: [ExportsRepository, DossierSource, ExportsService],
})
export class ExportsModule {}
