import { invalidRequest } from '../api-error.js';
import type { Json } from '../simulator.types.js';

/** Checks one value found at `path`; throws the API's 400 when it does not fit. */
export type Check = (value: unknown, path: string) => void;

/** Whether a value is an object of JSON: neither null nor a list. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Takes every value: what the simulator does not look at. */
export const anything: Check = () => undefined;

/** Any string, an empty one too. */
export const aString: Check = (value, path) => {
  if (typeof value !== 'string') throw invalidRequest(path, 'Input should be a valid string');
};

/** `true` or `false`. */
export const aBoolean: Check = (value, path) => {
  if (typeof value !== 'boolean') throw invalidRequest(path, 'Input should be a valid boolean');
};

/** Any object, whatever its fields. */
export const anObject: Check = (value, path) => {
  if (!isObject(value)) throw invalidRequest(path, 'Input should be a valid dictionary');
};

/** An integer of at least `minimum`. */
export function anInteger(minimum: number): Check {
  return (value, path) => {
    if (!Number.isInteger(value)) throw invalidRequest(path, 'Input should be a valid integer');
    if ((value as number) < minimum) throw invalidRequest(path, `Input should be greater than or equal to ${minimum}`);
  };
}

/** One of the strings that are allowed; a refusal names them all. */
export function oneOf(...allowed: readonly string[]): Check {
  const names = allowed.map((name) => `'${name}'`);
  const list = names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` : names.join('');
  return (value, path) => {
    if (typeof value !== 'string' || !allowed.includes(value)) throw invalidRequest(path, `Input should be ${list}`);
  };
}

/** Null, or what `check` takes. */
export function nullable(check: Check): Check {
  return (value, path) => {
    if (value !== null) check(value, path);
  };
}

/** A list, an empty one too, of what `check` takes; a refusal names the place of the item. */
export function arrayOf(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) throw invalidRequest(path, 'Input should be a valid list');
    value.forEach((item, index) => check(item, `${path}.${index}`));
  };
}

/** An object with just these fields, of which `required` must be there. */
export function fields(checks: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  const known = new Map(Object.entries(checks));
  return (value, path) => {
    if (!isObject(value)) throw invalidRequest(path || 'body', 'Input should be a valid dictionary');
    const at = (name: string): string => (path ? `${path}.${name}` : name);
    for (const name of required) {
      if (value[name] === undefined) throw invalidRequest(at(name), 'Field required');
    }
    for (const [name, item] of Object.entries(value)) {
      const check = known.get(name);
      if (!check) throw invalidRequest(at(name), 'Extra inputs are not permitted');
      check(item, at(name));
    }
  };
}

/** A `cache_control`, which may be null. */
export const cacheControl = nullable(fields({ type: oneOf('ephemeral'), ttl: oneOf('5m', '1h') }, ['type']));
