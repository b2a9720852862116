import { ValidationFailedError } from '../../errors/platform.errors.js';
import type { FieldError } from '../../errors/research-platform.error.js';
import { pointerSegment } from '../json-body.js';
import { isWholeNumber, nestedIn } from './decorators.js';

/** Objects in one list: checking each takes class-validator so long that a body full of them would stop the process. */
const MAX_NESTED = 1000;
/** Fields in one object: no class has as many, and telling of each unknown one takes class-validator too long. */
const MAX_FIELDS = 100;

/**
 * Stands for a list where an object is meant, and the other way round: neither is it, and so the field itself is refused.
 * class-validator would look into either and tell what is wrong inside.
 */
const MISSHAPEN = false;

type Constructor = new () => object;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Makes an instance of a DTO class from parsed JSON, nested classes included. Keys that every object inherits
 * (`constructor`, `toString`, …) are reported and never assigned: they would hide what the class itself has.
 * @throws ValidationFailedError at once for a list of so many objects that even checking them takes too long
 */
export function hydrate(
  type: Constructor,
  source: Record<string, unknown>,
  pointer: string,
  errors: FieldError[],
): object {
  const fields = Object.entries(source);
  if (fields.length > MAX_FIELDS) {
    throw new ValidationFailedError([{ pointer, detail: `must have at most ${MAX_FIELDS} fields` }]);
  }
  const instance = new type() as Record<string, unknown>;
  for (const [key, value] of fields) {
    const inner = `${pointer}/${pointerSegment(key)}`;
    if (key in Object.prototype) errors.push({ pointer: inner, detail: 'is not a known field' });
    else instance[key] = hydrateField(instance, key, value, inner, errors);
  }
  return instance;
}

function hydrateField(instance: object, key: string, value: unknown, pointer: string, errors: FieldError[]): unknown {
  const nested = nestedIn(instance, key);
  if (!nested || typeof value !== 'object' || value === null) return value;
  if (isObject(value)) return nested.each ? MISSHAPEN : hydrate(nested.type, value, pointer, errors);
  if (!nested.each || !Array.isArray(value)) return MISSHAPEN;
  if (value.length > MAX_NESTED) {
    throw new ValidationFailedError([{ pointer, detail: `must have at most ${MAX_NESTED} elements` }]);
  }
  return value.map((item: unknown, index) => {
    if (isObject(item)) return hydrate(nested.type, item, `${pointer}/${index}`, errors);
    // class-validator would look for the objects inside an inner list, and find an empty one in order.
    return Array.isArray(item) ? null : item;
  });
}

/**
 * Makes an instance of a query DTO: texts, and whole numbers where the class says so. A parameter given twice stays a list,
 * which no rule accepts.
 */
export function hydrateQuery(type: Constructor, source: Record<string, unknown>, errors: FieldError[]): object {
  const instance = new type() as Record<string, unknown>;
  for (const [key, value] of Object.entries(source)) {
    if (key in Object.prototype) errors.push({ parameter: key, detail: 'is not a known parameter' });
    else if (typeof value === 'string' && /^(0|[1-9]\d{0,15})$/.test(value) && isWholeNumber(instance, key)) {
      instance[key] = Number(value);
    } else instance[key] = value;
  }
  return instance;
}
