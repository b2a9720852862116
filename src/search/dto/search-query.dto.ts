import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { Optional, QueryInteger, Text } from '../../platform/http/validation/decorators.js';
import { PageQuery } from '../../platform/paging/page-query.dto.js';
import { IsDay } from '../../platform/time/day.js';
import { HIT_TYPES, type HitType } from '../search.types.js';

const MAX_QUERY = 10_000;
const MAX_ID = Number.MAX_SAFE_INTEGER;

/** Query parameters of a search. */
export class SearchQuery extends PageQuery {
  /**
   * What to look for, in the syntax of web searches: all the words, `"a phrase"`, `or`, `-without`. Any text is a query; one
   * in which there is no word to look for finds nothing, and of a long one the first 1,000 characters count. The whole head of a
   * request, with the address as it is escaped and all headers, has to fit into 16 KiB (else 400).
   * @example "\"charging speed\" dendrites -sodium"
   */
  @Text(1, MAX_QUERY)
  q: string;

  /** Only what is of this type. */
  @Optional()
  @IsIn(HIT_TYPES, { message: `must be one of ${HIT_TYPES.join(', ')}` })
  @ApiPropertyOptional({ enum: HIT_TYPES })
  type?: HitType;

  /** Only this research item, its prompts and its runs. */
  @QueryInteger(1, MAX_ID)
  research_item_id?: number;

  /** Only what was created on this UTC day or later; an RFC 3339 time means its UTC day. */
  @Optional()
  @IsDay()
  @ApiPropertyOptional({ type: String, example: '2026-11-01' })
  from?: string;

  /** Only what was created on this UTC day or earlier. */
  @Optional()
  @IsDay()
  @ApiPropertyOptional({ type: String, example: '2026-11-23' })
  to?: string;
}
