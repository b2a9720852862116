import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsObject, IsString, Max, Min } from 'class-validator';
import { Nested, Nullable, Optional, QueryInteger, Text } from '../../../platform/http/validation/decorators.js';
import { PageQuery } from '../../../platform/paging/page-query.dto.js';
import { SettingsRequest } from '../../../prompts/dto/settings.dto.js';
import { LabelName } from '../../../prompts/labels/label-name.js';
import { RUN_STATUSES, type RunStatus } from '../run.types.js';

const MAX_ID = Number.MAX_SAFE_INTEGER;
const ID = { message: 'must be a positive integer' };

/** What to ask Claude: a stored prompt (`prompt_id`), or a text of one's own (`input`). */
export class RunRequest {
  /** The prompt to run.
   * @example 1 */
  @Optional()
  @IsInt(ID)
  @Min(1, ID)
  @Max(MAX_ID, ID)
  @ApiPropertyOptional({ type: 'integer', minimum: 1 })
  prompt_id?: number;

  /** The prompt's version; without it and `label`, the latest. */
  @Optional()
  @IsInt(ID)
  @Min(1, ID)
  @Max(2_147_483_647, ID)
  @ApiPropertyOptional({ type: 'integer', minimum: 1 })
  version?: number;

  /** The label whose version is meant; `latest` is none. */
  @Optional()
  @LabelName()
  label?: string;

  /** Values of the prompt's variables, by name.
   * @example {"topic": "solid-state batteries"} */
  @Optional()
  @IsObject({ message: 'must be an object of values by name' })
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  variables?: Record<string, unknown>;

  /** A text of one's own to ask, instead of a prompt; of white space alone it is refused.
   * @example "What limits the charging speed of solid-state batteries?" */
  @Optional()
  @Text(1, 1_000_000)
  @ApiPropertyOptional({ pattern: '\\S' })
  input?: string;

  /** The system prompt that goes with `input`. */
  @Optional()
  @Nullable()
  @Text(1, 1_000_000)
  system?: string | null;

  /** The research item that an `input` run belongs to. */
  @Optional()
  @Nullable()
  @IsInt(ID)
  @Min(1, ID)
  @Max(MAX_ID, ID)
  @ApiPropertyOptional({ type: 'integer', minimum: 1, nullable: true })
  research_item_id?: number | null;

  /** How to ask; overrides the prompt version's settings one by one. */
  @Optional()
  @Nested(() => SettingsRequest)
  settings?: SettingsRequest;
}

/** Query parameters of the list of runs. */
export class RunListQuery extends PageQuery {
  /** Only runs of this status. */
  @Optional()
  @IsIn(RUN_STATUSES, { message: `must be one of ${RUN_STATUSES.join(', ')}` })
  @ApiPropertyOptional({ enum: RUN_STATUSES })
  status?: RunStatus;

  /** Only runs of this prompt. */
  @QueryInteger(1, MAX_ID)
  prompt_id?: number;

  /** Only runs of this research item. */
  @QueryInteger(1, MAX_ID)
  research_item_id?: number;

  /** Only runs of this batch. */
  @QueryInteger(1, MAX_ID)
  batch_id?: number;
}

/** Query parameters of a run's events. */
export class RunEventsQuery {
  /** The last event that you have; the header `Last-Event-ID` means the same and goes first. */
  @Optional()
  @IsString()
  @ApiPropertyOptional({ type: String, example: '3' })
  after?: string;
}
