import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsObject } from 'class-validator';
import { Nested, Nullable, Optional, Text } from '../../platform/http/validation/decorators.js';
import { ApiInteger } from '../../platform/openapi/api-integer.decorator.js';
import type { PromptVersionSnapshot } from '../prompts.types.js';
import { MAX_VARIABLES } from '../templates/variables.js';
import type { VersionSummary } from '../versions/prompt-versions.repository.js';
import { SettingsRequest, SettingsResponse } from './settings.dto.js';
import { VariableRequest, VariableResponse } from './variable.dto.js';

const MAX_TEXT = 100_000;
const VARIABLES = { message: `must be a list of at most ${MAX_VARIABLES} variables` };

/** The content of a new version. What is left out is empty: nothing is inherited from the version before. */
export class CreateVersionRequest {
  /**
   * The question, a mustache template: `{{name}}` is a variable, `{{#name}}…{{/name}}` a condition or a list.
   * @example "Write three facts about {{topic}}."
   */
  @Text(1, MAX_TEXT)
  template: string;

  /**
   * System prompt, a template too.
   * @example "You are a careful researcher."
   */
  @Optional()
  @Nullable()
  @Text(0, MAX_TEXT)
  @ApiProperty({ type: String, nullable: true, required: false })
  system?: string | null;

  /** The variables of both texts; left out: each name in them is a required string. */
  @Optional()
  @IsArray(VARIABLES)
  @ArrayMaxSize(MAX_VARIABLES, VARIABLES)
  @Nested(() => VariableRequest, { each: true })
  @ApiProperty({ type: [VariableRequest], maxItems: MAX_VARIABLES, required: false })
  variables?: VariableRequest[];

  /** How Claude is to answer. */
  @Optional()
  @IsObject({ message: 'must be an object' })
  @Nested(() => SettingsRequest)
  settings?: SettingsRequest;
}

/** One version of a prompt; it never changes. */
export class PromptVersionResponse {
  /** @example 3 */
  @ApiInteger()
  prompt_id: number;

  /** @example 1 */
  @ApiInteger()
  version: number;

  /** @example "You are a careful researcher." */
  @ApiProperty({ type: String, nullable: true })
  system: string | null;

  /** @example "Write three facts about {{topic}}." */
  template: string;

  variables: VariableResponse[];

  settings: SettingsResponse;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

/** A version as lists show it: without its texts, variables and settings. */
export class VersionSummaryResponse {
  /** @example 3 */
  @ApiInteger()
  prompt_id: number;

  /** @example 1 */
  @ApiInteger()
  version: number;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

/** One page of a prompt's versions, newest first. */
export class VersionListResponse {
  items: VersionSummaryResponse[];

  /** Continues the list as `cursor`; null on the last page. */
  next_cursor: string | null;
}

/** A version as the API shows it. */
export function toVersionResponse(version: PromptVersionSnapshot): PromptVersionResponse {
  return {
    prompt_id: version.promptId,
    version: version.version,
    system: version.system,
    template: version.template,
    variables: [...version.variables] as VariableResponse[],
    settings: version.settings as SettingsResponse,
    created_at: version.createdAt.toISOString(),
  };
}

/** A version as lists show it. */
export function toVersionSummaryResponse({ promptId, version, createdAt }: VersionSummary): VersionSummaryResponse {
  return { prompt_id: promptId, version, created_at: createdAt.toISOString() };
}
