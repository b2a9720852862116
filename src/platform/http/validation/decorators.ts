import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsArray,
  IsInt,
  IsObject,
  Max,
  Min,
  registerDecorator,
  ValidateIf,
  ValidateNested,
  type ValidationOptions,
} from 'class-validator';
import { badText } from '../json-body.js';

const NESTED = Symbol('dossier:nested');
const WHOLE = Symbol('dossier:whole-number');

type Constructor = new () => object;

/** The field may be left out; null is not "left out" (class-validator's `IsOptional` would let it pass). */
export function Optional(): PropertyDecorator {
  return ValidateIf((_, value: unknown) => value !== undefined);
}

/** The field may be null. */
export function Nullable(): PropertyDecorator {
  return ValidateIf((_, value: unknown) => value !== null);
}

/** The field holds an object (or a list of objects) of another DTO class, checked by that class. */
export function Nested(type: () => Constructor, options: { each?: boolean } = {}): PropertyDecorator {
  const each = options.each ?? false;
  return applyDecorators(
    // `ValidateNested` alone goes into lists where one object is meant, and into lists within lists.
    ...(each ? [IsArray({ message: 'must be a list of objects' })] : []),
    IsObject({ each, message: 'must be an object' }),
    ValidateNested({ each, message: 'must be an object' }),
    (target: object, property: string | symbol) => Reflect.defineMetadata(NESTED, { type, each }, target, property),
  );
}

/** The class of a nested field, and whether it holds a list of them, if `@Nested` marks it. */
export function nestedIn(target: object, property: string): { type: Constructor; each: boolean } | undefined {
  const nested = Reflect.getMetadata(NESTED, target, property) as
    { type: () => Constructor; each: boolean } | undefined;
  return nested && { type: nested.type(), each: nested.each };
}

/** Characters of a text, counted as JSON Schema and PostgreSQL count them: by code point. */
function length(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** A text of `min` to `max` characters. NUL and lone surrogates were refused when the body was read. */
export function Text(min: number, max: number, options?: ValidationOptions): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: 'text',
      target: target.constructor,
      propertyName: String(property),
      ...(options ? { options } : {}),
      validator: {
        validate: (value: unknown) => typeof value === 'string' && within(value, min, max) && badText(value) === null,
        defaultMessage: () =>
          min === 0 ? `must be a text of at most ${max} characters` : `must be a text of ${min} to ${max} characters`,
      },
    });
    if (!options?.each) ApiProperty({ minLength: min, maxLength: max })(target, property);
  };
}

function within(value: string, min: number, max: number): boolean {
  if (value.length < min || value.length > max * 2) return false;
  const count = value.length <= max && min <= 1 ? value.length : length(value);
  return count >= min && count <= max;
}

/** A query parameter that is a whole number in plain decimal digits. */
export function QueryInteger(min: number, max: number, fallback?: number): PropertyDecorator {
  const message = `must be a whole number from ${min} to ${max}`;
  return applyDecorators(
    (target: object, property: string | symbol) => Reflect.defineMetadata(WHOLE, true, target, property),
    Optional(),
    IsInt({ message }),
    Min(min, { message }),
    Max(max, { message }),
    ApiPropertyOptional({
      type: 'integer',
      minimum: min,
      maximum: max,
      ...(fallback === undefined ? {} : { default: fallback }),
    }),
  );
}

/** Whether a query parameter's text is to be read as a whole number. */
export function isWholeNumber(target: object, property: string): boolean {
  return Reflect.getMetadata(WHOLE, target, property) === true;
}
