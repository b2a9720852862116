import { ApiProperty } from '@nestjs/swagger';
import { Optional, Text } from '../../platform/http/validation/decorators.js';
import { ApiInteger } from '../../platform/openapi/api-integer.decorator.js';
import type { PromptDetails, PromptSummary } from '../prompts.types.js';
import { CreateVersionRequest } from './prompt-version.dto.js';
import { SettingsResponse } from './settings.dto.js';
import { VariableResponse } from './variable.dto.js';

const LABELS = {
  type: 'object',
  additionalProperties: { type: 'integer' },
  example: { production: 1 },
} as const;

/** A new prompt with its first version. */
export class CreatePromptRequest extends CreateVersionRequest {
  /**
   * Unique within its research item.
   * @example "Three facts"
   */
  @Text(1, 200)
  name: string;
}

/** A new name for a prompt. */
export class UpdatePromptRequest {
  /**
   * Unique within its research item.
   * @example "Three facts, shorter"
   */
  @Optional()
  @Text(1, 200)
  name?: string;
}

/** A prompt as it hangs on its research item, in short. */
export class ItemPromptResponse {
  /** @example 3 */
  @ApiInteger()
  id: number;

  /** @example "Three facts" */
  name: string;

  /**
   * The latest version.
   * @example 2
   */
  @ApiInteger()
  version: number;

  /** Labels with the version that each stands for. */
  @ApiProperty(LABELS)
  labels: Record<string, number>;
}

/** A prompt as lists show it: without its texts, variables and settings. */
export class PromptSummaryResponse extends ItemPromptResponse {
  /** @example 7 */
  @ApiInteger()
  research_item_id: number;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  created_at: string;

  /**
   * When its name, versions or labels last changed.
   * @example "2026-11-23T09:30:00.000Z"
   */
  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

/** A prompt with the content of its latest version. */
export class PromptResponse extends PromptSummaryResponse {
  /** @example "You are a careful researcher." */
  @ApiProperty({ type: String, nullable: true })
  system: string | null;

  /** @example "Write three facts about {{topic}}." */
  template: string;

  variables: VariableResponse[];

  settings: SettingsResponse;
}

/** One page of an item's prompts, newest first. */
export class PromptListResponse {
  items: PromptSummaryResponse[];

  /** Continues the list as `cursor`; null on the last page. */
  next_cursor: string | null;
}

/** A prompt in the list of its research item's `prompts`. */
export function toItemPromptResponse({ id, name, version, labels }: PromptSummary): ItemPromptResponse {
  return { id, name, version, labels };
}

/** A prompt as lists show it. */
export function toPromptSummaryResponse(prompt: PromptSummary): PromptSummaryResponse {
  return {
    id: prompt.id,
    research_item_id: prompt.researchItemId,
    name: prompt.name,
    version: prompt.version,
    labels: prompt.labels,
    created_at: prompt.createdAt.toISOString(),
    updated_at: prompt.updatedAt.toISOString(),
  };
}

/** A prompt as the API shows it. */
export function toPromptResponse(prompt: PromptDetails): PromptResponse {
  return {
    id: prompt.id,
    research_item_id: prompt.researchItemId,
    name: prompt.name,
    version: prompt.version,
    system: prompt.system,
    template: prompt.template,
    variables: [...prompt.variables] as VariableResponse[],
    settings: prompt.settings as SettingsResponse,
    labels: prompt.labels,
    created_at: prompt.createdAt.toISOString(),
    updated_at: prompt.updatedAt.toISOString(),
  };
}
