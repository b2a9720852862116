import { type ValidationError, validateSync, type ValidatorOptions } from 'class-validator';
import { pointerSegment } from '../json-body.js';

/** Elements of a list that are checked one by one: each costs a validation of its own. */
const MAX_ELEMENTS = 100;

/** A mistake in a body. */
interface BodyError {
  readonly pointer: string;
  readonly detail: string;
}

/** class-validator's tree of errors as a flat list of JSON Pointers. */
export function fieldErrors(errors: readonly ValidationError[], pointer: string, rules: ValidatorOptions): BodyError[] {
  return errors.flatMap((error) => {
    const place = `${pointer}/${pointerSegment(error.property)}`;
    const inner = fieldErrors(error.children ?? [], place, rules);
    if (!error.constraints) return inner;
    const own = elementErrors(error, place, rules) ?? [{ pointer: place, detail: sentence(error) }];
    const known = new Set(inner.map(({ pointer: nested }) => nested));
    return [...own.filter(({ pointer: outer }) => !known.has(outer)), ...inner];
  });
}

function sentence({ constraints, target, property }: ValidationError): string {
  if (constraints?.['whitelistValidation']) return 'is not a known field';
  const missing = target !== undefined && (target as Record<string, unknown>)[property] === undefined;
  if (missing) return 'is required';
  // Of what is no list at all, class-validator also tells what its elements, or their number, should be.
  if (constraints?.['isArray'] !== undefined) return constraints['isArray'];
  return [...new Set(Object.values(constraints ?? {}))].join('; ') || 'is not valid';
}

/**
 * For a list checked `each`, class-validator names only the list: its first elements are checked one by one to name the wrong
 * ones. Null leaves it at the list, which is also where it is too long or a wrong one stands further behind.
 */
function elementErrors(error: ValidationError, place: string, rules: ValidatorOptions): BodyError[] | null {
  const { target, property, value } = error as ValidationError & { value: unknown };
  if (!Array.isArray(value) || target === undefined || error.constraints?.['whitelistValidation']) return null;
  const check = (list: unknown[]): ValidationError | undefined => {
    // Without the other fields: they were checked, and may be large.
    const alone = Object.create(Object.getPrototypeOf(target) as object) as Record<string, unknown>;
    alone[property] = list;
    const found = validateSync(alone, { ...rules, skipMissingProperties: true });
    return found.find((candidate) => candidate.property === property);
  };
  // What even an empty list breaks, apart from its length, is no rule for elements: a list was not asked for.
  if (Object.keys(check([])?.constraints ?? {}).some((rule) => !rule.startsWith('array'))) return null;
  const wrong = value.slice(0, MAX_ELEMENTS).flatMap((element: unknown, index) => {
    const found = check([element]);
    return found?.constraints ? [{ pointer: `${place}/${index}`, detail: sentence(found) }] : [];
  });
  return wrong.length > 0 ? wrong : null;
}
