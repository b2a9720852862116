import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsObject, Max, Min } from 'class-validator';
import { Optional } from '../../platform/http/validation/decorators.js';
import { ApiInteger } from '../../platform/openapi/api-integer.decorator.js';
import { LabelName } from '../labels/label-name.js';
import type { RenderedPrompt } from '../prompts.types.js';
import type { TokenCount } from '../token-counter.js';

const VERSION = { message: 'must be a whole number from 1' };

/** Which version to render, and with what. */
export class RenderRequest {
  /**
   * Number of the version; without it and without a label the latest.
   * @example 1
   */
  @Optional()
  @IsInt(VERSION)
  @Min(1, VERSION)
  @Max(Number.MAX_SAFE_INTEGER, VERSION)
  @ApiInteger({ minimum: 1, required: false })
  version?: number;

  /**
   * The version that this label stands for, `latest` being none; not together with `version`.
   * @example "production"
   */
  @Optional()
  @LabelName()
  label?: string;

  /** A value for each variable of the version. */
  @Optional()
  @IsObject({ message: 'must be an object' })
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { topic: 'tides' } })
  variables?: Record<string, unknown>;
}

/** One message to Claude. */
export class RenderedMessageResponse {
  @ApiProperty({ enum: ['user'] })
  role: 'user';

  /** @example "Write three facts about tides." */
  content: string;
}

/** What a run of this version with these variables would send, and what it can cost. */
export class RenderResponse {
  /** @example "You are a careful researcher." */
  @ApiProperty({ type: String, nullable: true })
  system: string | null;

  messages: RenderedMessageResponse[];

  /** @example 14 */
  @ApiInteger()
  input_tokens: number;

  /**
   * US dollars, if the answer takes all of `max_tokens`; null when the model has no price.
   * @example 0.010268
   */
  @ApiProperty({ type: Number, nullable: true })
  max_cost_usd: number | null;
}

/** A rendered version with its count as the API shows it. */
export function toRenderResponse(
  { system, messages }: RenderedPrompt,
  { input_tokens, max_cost_usd }: TokenCount,
): RenderResponse {
  return { system, messages: [...messages], input_tokens, max_cost_usd };
}
