import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength, MinLength } from 'class-validator';
import { Optional, QueryInteger } from '../http/validation/decorators.js';

export const DEFAULT_LIMIT = 20;

/** Query parameters of every list. */
export class PageQuery {
  /** How many to answer at most. */
  @QueryInteger(1, 100, DEFAULT_LIMIT)
  limit?: number;

  /** `next_cursor` of the page before, as it was given. */
  @Optional()
  @IsString({ message: 'must be a cursor' })
  @MinLength(1, { message: 'must be a cursor' })
  @MaxLength(1000, { message: 'must be a cursor' })
  @ApiPropertyOptional({ type: String })
  cursor?: string;
}
