import { type ValidationError, validateSync, type ValidatorOptions } from 'class-validator';
import type { FieldError } from '../../errors/research-platform.error.js';
import { pointerSegment } from '../json-body.js';

/** Elements of a list that are checked one by one: each costs a validation of its own. */
const MAX_ELEMENTS = 100;

/** class-validator's tree of errors as a flat list of JSON Pointers. */
export function fieldErrors(
  errors: readonly ValidationError[],
  pointer: string,
  rules: ValidatorOptions,
): FieldError[] {
  return errors.flatMap((error) => {
    const place = `${pointer}/${pointerSegment(error.property)}`;
    if (error.children?.length) return fieldErrors(error.children, place, rules);
    return elementErrors(error, place, rules) ?? [{ pointer: place, detail: sentence(error) }];
  });
}

function sentence({ constraints, target, property }: ValidationError): string {
  if (constraints?.['whitelistValidation']) return 'is not a known field';
  const missing = target !== undefined && (target as Record<string, unknown>)[property] === undefined;
  if (missing) return 'is required';
  return [...new Set(Object.values(constraints ?? {}))].join('; ') || 'is not valid';
}

/**
 * For a list checked `each`, class-validator names only the list: its first elements are checked one by one to name the wrong
 * ones. Null leaves it at the list, which is also where it is too long or a wrong one stands further behind.
 */
function elementErrors(error: ValidationError, place: string, rules: ValidatorOptions): FieldError[] | null {
  const { target, property, value } = error as ValidationError & { value: unknown };
  if (!Array.isArray(value) || target === undefined || error.constraints?.['whitelistValidation']) return null;
  const wrong = value.slice(0, MAX_ELEMENTS).flatMap((element: unknown, index) => {
    // Without the other fields: they were checked, and may be large.
    const alone = Object.assign(Object.create(Object.getPrototypeOf(target) as object) as object, {
      [property]: [element],
    });
    const found = validateSync(alone, { ...rules, skipMissingProperties: true }).find(
      (candidate) => candidate.property === property,
    );
    return found ? [{ pointer: `${place}/${index}`, detail: sentence(found) }] : [];
  });
  return wrong.length > 0 ? wrong : null;
}
