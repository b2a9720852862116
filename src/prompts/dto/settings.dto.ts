import { ApiHideProperty, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsInt, Matches, Max, Min, registerDecorator } from 'class-validator';
import { Optional, Text } from '../../platform/http/validation/decorators.js';
import { ApiInteger } from '../../platform/openapi/api-integer.decorator.js';
import { badOutputSchema } from '../output-schema/output-schema.js';

/** How much effort Claude puts into an answer. */
export const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

const MODEL = /^[A-Za-z0-9._:@-]{1,100}$/;
/** By name: of a literal Swagger's plugin would say that the list itself has to match it. */
const VISIBLE = /\S/;
const MAX_STOP_SEQUENCES = 20;
const MAX_TOKENS = { message: 'must be a whole number from 1 to 128000' };
const STOP = { message: `must be a list of at most ${MAX_STOP_SEQUENCES} texts` };

/** A parameter that Claude no longer takes: named, so that its users learn why instead of "unknown field". */
function NoLongerTaken(): PropertyDecorator {
  return (target, property) => {
    Optional()(target, property);
    registerDecorator({
      name: 'noLongerTaken',
      target: target.constructor,
      propertyName: String(property),
      validator: { validate: () => false, defaultMessage: () => 'is no longer taken by the Claude API; leave it out' },
    });
  };
}

function OutputSchema(): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'outputSchema',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => badOutputSchema(value) === null,
        defaultMessage: (context) => badOutputSchema(context?.value) ?? '',
      },
    });
}

/** How Claude is to answer. What is left out has the default of this installation. */
export class SettingsRequest {
  /**
   * Id of a Claude model, see `GET /ai/models`.
   * @example "claude-sonnet-5-5"
   */
  @Optional()
  @Matches(MODEL, { message: 'must be a model id such as claude-sonnet-5-5' })
  @ApiPropertyOptional({ pattern: MODEL.source })
  model?: string;

  /**
   * At most so many tokens of answer.
   * @example 1024
   */
  @Optional()
  @IsInt(MAX_TOKENS)
  @Min(1, MAX_TOKENS)
  @Max(128_000, MAX_TOKENS)
  @ApiInteger({ minimum: 1, maximum: 128_000, required: false })
  max_tokens?: number;

  /**
   * How much effort Claude puts into the answer.
   * @example "medium"
   */
  @Optional()
  @IsIn(EFFORTS, { message: `must be one of ${EFFORTS.join(', ')}` })
  @ApiProperty({ enum: EFFORTS, enumName: 'Effort', required: false })
  effort?: (typeof EFFORTS)[number];

  /**
   * Texts at which Claude stops.
   * @example ["END"]
   */
  @Optional()
  @IsArray(STOP)
  @ArrayMaxSize(MAX_STOP_SEQUENCES, STOP)
  @Text(1, 100, { each: true })
  @Matches(VISIBLE, { each: true, message: 'must hold more than white space' })
  @ApiPropertyOptional({
    type: 'array',
    maxItems: MAX_STOP_SEQUENCES,
    items: { type: 'string', minLength: 1, maxLength: 100, pattern: VISIBLE.source },
  })
  stop_sequences?: string[];

  /** JSON Schema of the answer, which then is JSON of that shape. */
  @Optional()
  @OutputSchema()
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: {
      type: 'object',
      properties: { verdict: { type: 'string' } },
      required: ['verdict'],
      additionalProperties: false,
    },
  })
  output_schema?: Record<string, unknown>;

  /**
   * Whether Claude may search the web. What Anthropic charges for each search, beside the tokens, is in no cost here and in no
   * budget.
   * @example false
   */
  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  web_search?: boolean;

  @NoLongerTaken()
  @ApiHideProperty()
  temperature?: never;

  @NoLongerTaken()
  @ApiHideProperty()
  top_p?: never;

  @NoLongerTaken()
  @ApiHideProperty()
  top_k?: never;
}

/** The settings that a version keeps: those of the request that were given. */
export type PromptSettings = Readonly<Omit<SettingsRequest, 'temperature' | 'top_p' | 'top_k'>>;

/** How Claude is to answer; what is not there has the default of this installation. */
export class SettingsResponse {
  /** @example "claude-sonnet-5-5" */
  model?: string;

  /** @example 1024 */
  @ApiInteger({ required: false })
  max_tokens?: number;

  @ApiProperty({ enum: EFFORTS, enumName: 'Effort', required: false })
  effort?: (typeof EFFORTS)[number];

  /** @example ["END"] */
  stop_sequences?: string[];

  /** @example { "type": "object" } */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  output_schema?: Record<string, unknown>;

  /** @example false */
  web_search?: boolean;
}
