import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authorized } from '../identity/authorized.decorator.js';
import { type AuthenticatedUser, CurrentUser } from '../identity/current-user.decorator.js';
import { SearchResponse } from './dto/search.dto.js';
import { SearchQuery } from './dto/search-query.dto.js';
import { SearchPages } from './search-pages.js';
import { RANKED_PER_TYPE, READ_FOR_PHRASES } from './search.sql.js';

const count = (n: number): string => n.toLocaleString('en');

/** Finding things again. */
@ApiTags('Search')
@Controller('search')
export class SearchController {
  constructor(private readonly pages: SearchPages) {}

  @Get()
  @Authorized('read', 'validation-failed')
  @ApiOperation({
    summary: 'Search items, prompts and answers',
    description: `Full text, in English, over research items (title, description, tags), prompts (name, template and system prompt of the latest version) and runs that have ended (question, system prompt, answer), the best match first. Of each text the first 100,000 characters count.

Of each type the newest ${count(RANKED_PER_TYPE)} matches are ranked; older ones are left out. A phrase is looked for in the newest ${count(READ_FOR_PHRASES)} of each type that have all its words. Narrow the search by words, \`type\`, \`research_item_id\`, \`from\` and \`to\` to find those. The pages of a search are of what there was when its first page was asked for.`,
  })
  @ApiOkResponse({ type: SearchResponse })
  async search(@CurrentUser() user: AuthenticatedUser, @Query() query: SearchQuery): Promise<SearchResponse> {
    return this.pages.list(user.id, query);
  }
}
