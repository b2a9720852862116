import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { validateSync, type ValidatorOptions } from 'class-validator';
import { ValidationFailedError } from '../../errors/platform.errors.js';
import type { FieldError } from '../../errors/research-platform.error.js';
import { badText } from '../json-body.js';
import { fieldErrors } from './field-errors.js';
import { hydrate, hydrateQuery } from './hydrate.js';
import { rememberRules } from './remember-rules.js';

const RULES: ValidatorOptions = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false };
const NATIVE = new Set<unknown>([String, Boolean, Number, Array, Object]);

rememberRules();

/**
 * Turns bodies and query strings into checked DTO instances. Nest's own pipe lets unknown `toString` through and silently
 * drops `constructor`, also inside free-form objects; this one refuses the first and keeps the second for the rule of its field.
 * @throws ValidationFailedError with a JSON Pointer (body) or parameter name (query) for each mistake
 */
@Injectable()
export class ValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (!metatype || NATIVE.has(metatype) || (type !== 'body' && type !== 'query')) return value;
    return type === 'body' ? checkBody(metatype, value) : checkQuery(metatype, value);
  }
}

/** Checks one parsed body, or one part of a larger one that stands at `pointer`. */
export function checkBody(type: new () => object, body: unknown, pointer = ''): object {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ValidationFailedError([{ pointer, detail: 'must be a JSON object' }]);
  }
  const errors: FieldError[] = [];
  const instance = hydrate(type, body as Record<string, unknown>, pointer, errors);
  const found = [...errors, ...fieldErrors(validateSync(instance, RULES), pointer, RULES)];
  if (found.length > 0) throw new ValidationFailedError(found);
  return instance;
}

function checkQuery(type: new () => object, query: unknown): object {
  const given = (query ?? {}) as Record<string, unknown>;
  const errors: FieldError[] = [];
  for (const [parameter, value] of Object.entries(given)) {
    const detail = typeof value === 'string' ? badText(value) : 'must be given once';
    if (detail) errors.push({ parameter, detail });
  }
  const instance = hydrateQuery(type, given, errors);
  if (errors.length === 0) {
    for (const error of validateSync(instance, RULES)) {
      const unknown = error.constraints?.['whitelistValidation'] !== undefined;
      const rules = [...new Set(Object.values(error.constraints ?? {}))].join('; ');
      errors.push({ parameter: error.property, detail: unknown ? 'is not a known parameter' : rules });
    }
  }
  if (errors.length > 0) throw new ValidationFailedError(errors);
  return instance;
}
