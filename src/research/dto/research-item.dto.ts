import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsIn } from 'class-validator';
import { Nullable, Optional, QueryInteger, Text } from '../../platform/http/validation/decorators.js';
import { ApiInteger } from '../../platform/openapi/api-integer.decorator.js';
import { PageQuery } from '../../platform/paging/page-query.dto.js';
import { ItemPromptResponse, toItemPromptResponse } from '../../prompts/dto/prompt.dto.js';
import type { PromptSummary } from '../../prompts/prompts.types.js';
import type { ItemDetails } from '../research-items.types.js';

const MAX_TITLE = 200;
const MAX_DESCRIPTION = 2000;
const MAX_TAGS = 20;
const MAX_TAG = 50;
const MAX_OFFSET = 10_000;
const TAGS = { message: `must be a list of at most ${MAX_TAGS} texts` };
const TAGS_SCHEMA = {
  type: 'array',
  maxItems: MAX_TAGS,
  uniqueItems: true,
  items: { type: 'string', minLength: 1, maxLength: MAX_TAG },
  required: false,
} as const;
const INCLUDE = ['prompts'] as const;

/** A new research item. */
export class CreateItemRequest {
  /** @example "Tidal power" */
  @Text(1, MAX_TITLE)
  title: string;

  /** @example "What it costs, and where it is built." */
  @Optional()
  @Nullable()
  @Text(0, MAX_DESCRIPTION)
  @ApiProperty({ type: String, nullable: true, required: false })
  description?: string | null;

  /**
   * Kept in this order; none twice.
   * @example ["energy", "sea"]
   */
  @Optional()
  @IsArray(TAGS)
  @ArrayMaxSize(MAX_TAGS, TAGS)
  @Text(1, MAX_TAG, { each: true })
  @ApiProperty(TAGS_SCHEMA)
  tags?: string[];
}

/** Changes of a research item: what is left out stays. */
export class UpdateItemRequest {
  /** @example "Tidal power in Europe" */
  @Optional()
  @Text(1, MAX_TITLE)
  title?: string;

  /**
   * Null clears it.
   * @example "What it costs, and where it is built."
   */
  @Optional()
  @Nullable()
  @Text(0, MAX_DESCRIPTION)
  @ApiProperty({ type: String, nullable: true, required: false })
  description?: string | null;

  /**
   * Replaces all tags.
   * @example ["energy"]
   */
  @Optional()
  @IsArray(TAGS)
  @ArrayMaxSize(MAX_TAGS, TAGS)
  @Text(1, MAX_TAG, { each: true })
  @ApiProperty(TAGS_SCHEMA)
  tags?: string[];
}

/** What to answer beside the item itself. */
export class ItemQuery {
  /** `prompts` adds the prompts of the item. */
  @Optional()
  @IsIn(INCLUDE, { message: `must be ${INCLUDE.join(' or ')}` })
  @ApiPropertyOptional({ enum: INCLUDE })
  include?: (typeof INCLUDE)[number];
}

/** Which items to list, and what to answer beside them. */
export class ItemListQuery extends PageQuery {
  /** How many of the newest to skip; not together with `cursor`. */
  @QueryInteger(0, MAX_OFFSET, 0)
  offset?: number;

  /**
   * Full text in title, description and tags, in English, in the syntax of web searches: `"a phrase"`, `or`, `-without`.
   * Of a long one the first 1,000 characters count. The whole head of a request, with the address as it is escaped and all
   * headers, has to fit into 16 KiB (else 400).
   * @example "tidal -wave"
   */
  @Optional()
  @Text(1, 10_000)
  q?: string;

  /**
   * Items with exactly this tag.
   * @example "energy"
   */
  @Optional()
  @Text(1, MAX_TAG)
  tag?: string;

  /** `prompts` adds the prompts of each item. */
  @Optional()
  @IsIn(INCLUDE, { message: `must be ${INCLUDE.join(' or ')}` })
  @ApiPropertyOptional({ enum: INCLUDE })
  include?: (typeof INCLUDE)[number];
}

/** A research item. */
export class ItemResponse {
  /** @example 7 */
  @ApiInteger()
  id: number;

  /** @example "Tidal power" */
  title: string;

  /** @example "What it costs, and where it is built." */
  @ApiProperty({ type: String, nullable: true })
  description: string | null;

  /** @example ["energy", "sea"] */
  tags: string[];

  /** @example 2 */
  @ApiInteger()
  prompt_count: number;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  created_at: string;

  /**
   * When title, description or tags last changed.
   * @example "2026-11-23T09:30:00.000Z"
   */
  @ApiProperty({ format: 'date-time' })
  updated_at: string;

  /** With `include=prompts` alone: the prompts, newest first. */
  @ApiProperty({ type: [ItemPromptResponse], required: false })
  prompts?: ItemPromptResponse[];
}

/** One page of research items, newest first. */
export class ItemListResponse {
  items: ItemResponse[];

  /** Continues the list as `cursor`; null on the last page. */
  next_cursor: string | null;
}

/** A research item as the API shows it; with `prompts` only when they are given. */
export function toItemResponse(item: ItemDetails, prompts?: readonly PromptSummary[]): ItemResponse {
  return {
    id: item.id,
    title: item.title,
    description: item.description,
    tags: [...item.tags],
    prompt_count: item.promptCount,
    created_at: item.createdAt.toISOString(),
    updated_at: item.updatedAt.toISOString(),
    ...(prompts && { prompts: prompts.map(toItemPromptResponse) }),
  };
}
