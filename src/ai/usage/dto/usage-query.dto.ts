import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { Optional } from '../../../platform/http/validation/decorators.js';
import { IsDay } from '../../../platform/time/day.js';
import { USAGE_GROUPS, type UsageGroup } from '../usage.types.js';

/** Query parameters of the usage report. */
export class UsageQuery {
  /** The first day (UTC) that counts; an RFC 3339 time means its UTC day. Left out: the last 30 days up to `to`. */
  @Optional()
  @IsDay()
  @ApiPropertyOptional({ type: String, example: '2026-11-01' })
  from?: string;

  /** The last day (UTC) that counts, at most 366 days with `from`. Left out: today. */
  @Optional()
  @IsDay()
  @ApiPropertyOptional({ type: String, example: '2026-11-23' })
  to?: string;

  /** What the sums are by. */
  @Optional()
  @IsIn(USAGE_GROUPS, { message: `must be one of ${USAGE_GROUPS.join(', ')}` })
  @ApiPropertyOptional({ enum: USAGE_GROUPS, default: 'day' })
  group_by?: UsageGroup;
}
