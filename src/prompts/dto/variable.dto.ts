import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsIn, Matches, ValidateIf } from 'class-validator';
import { Optional, Text } from '../../platform/http/validation/decorators.js';
import { VARIABLE_TYPES } from '../templates/variables.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const ANY_VALUE = {
  anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }, { type: 'array', items: {} }],
};

/** A variable of a template. */
export class VariableRequest {
  /**
   * The name that the template uses.
   * @example "topic"
   */
  @Matches(NAME, { message: 'must match [A-Za-z_][A-Za-z0-9_]{0,63}' })
  @ApiProperty({ pattern: NAME.source })
  name: string;

  /** @example "string" */
  @IsIn(VARIABLE_TYPES, { message: `must be one of ${VARIABLE_TYPES.join(', ')}` })
  @ApiProperty({ enum: VARIABLE_TYPES, enumName: 'VariableType' })
  type: (typeof VARIABLE_TYPES)[number];

  /**
   * Whether rendering is refused when it is not given and has no default. Left out: true without a default, false with one.
   * @example true
   */
  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  required?: boolean;

  /** What it holds when it is not given; of the variable's type. */
  @ValidateIf(() => false)
  @ApiProperty({ ...ANY_VALUE, required: false, example: 'tides' })
  default?: unknown;

  /**
   * For those who fill it in.
   * @example "What to write about"
   */
  @Optional()
  @Text(0, 500)
  description?: string;
}

/** A variable of a template. */
export class VariableResponse {
  /** @example "topic" */
  name: string;

  @ApiProperty({ enum: VARIABLE_TYPES, enumName: 'VariableType' })
  type: (typeof VARIABLE_TYPES)[number];

  /**
   * Whether rendering is refused when it is not given and has no default.
   * @example true
   */
  required: boolean;

  /** What it holds when it is not given. */
  @ApiProperty({ ...ANY_VALUE, required: false, example: 'tides' })
  default?: unknown;

  /** @example "What to write about" */
  description?: string;
}
