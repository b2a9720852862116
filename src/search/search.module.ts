import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SearchDocument } from './search-document.entity.js';
import { SearchPages } from './search-pages.js';
import { SearchController } from './search.controller.js';
import { SearchRepository } from './search.repository.js';
import { SearchService } from './search.service.js';

/** Full text over research items, prompts and runs. */
@Module({
  imports: [TypeOrmModule.forFeature([SearchDocument])],
  controllers: [SearchController],
  providers: [SearchRepository, SearchService, SearchPages],
})
export class SearchModule {}
