import { ApiError } from '../api-error.js';
import type { Json } from '../simulator.types.js';
import { isObject } from '../validation/field-checks.js';
import { integerBetween, type Random } from './random.js';
import { structuredString } from './structured-strings.js';

/** Beyond this, optional properties and list items are left out, so that a recursive schema comes to an end. */
const ROOMY_DEPTH = 4;
/** A schema still going on here requires itself and has no finite value. */
const MAX_DEPTH = 24;
/** How much a schema may ask for, in characters of strings and a few for every other value: more is refused. */
const MAX_SIZE = 500_000;
const SIZE_OF_VALUE = 8;

interface Place {
  root: Json;
  random: Random;
  /** The property that the value is for: it shows in generated strings. */
  name: string;
  depth: number;
  /** What is left of the size; shared by all places of one answer. */
  size: { left: number };
}

/**
 * A value that satisfies `schema`: types, enum, const, required, nesting, local `$ref`, combinators, bounds, formats;
 * not `pattern`. Throws a 400 for a schema without a finite value of reasonable size.
 */
export function structuredValue(schema: Json, random: Random): unknown {
  return generate(schema, { root: schema, random, name: 'value', depth: 0, size: { left: MAX_SIZE } });
}

/** A value that does not satisfy `schema`: text where an object or a list is wanted, an object where not. */
export function violatingValue(schema: Json, random: Random): unknown {
  const valid = structuredValue(schema, random);
  return typeof valid === 'object' && valid !== null
    ? '[simulated] this violates the schema'
    : { simulated_violation: true };
}

function generate(schema: unknown, place: Place): unknown {
  if (place.depth > MAX_DEPTH) throw new ApiError(400, 'output_config.format.schema: the schema requires itself');
  if (!isObject(schema)) return `[simulated] ${place.name}`;
  place.size.left -= SIZE_OF_VALUE + bound(schema['minLength'], 0);
  if (place.size.left < 0)
    throw new ApiError(400, 'output_config.format.schema: the schema asks for too large an answer');
  const inner = { ...place, depth: place.depth + 1 };
  if (typeof schema['$ref'] === 'string') return generate(resolve(schema['$ref'], place.root), inner);
  if (schema['const'] !== undefined) return schema['const'];
  const { enum: values, allOf } = schema;
  if (Array.isArray(values) && values.length) return values[integerBetween(place.random, 0, values.length - 1)];
  const choices = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(choices) && choices.length) {
    const { anyOf: _any, oneOf: _one, ...rest } = schema;
    return generate(merge([rest, choose(choices, place)], place.root), inner);
  }
  if (Array.isArray(allOf)) {
    const { allOf: _all, ...rest } = schema;
    return generate(merge([rest, ...allOf], place.root), inner);
  }
  return generateType(typeOf(schema, place.depth), schema, inner);
}

function generateType(type: string, schema: Json, place: Place): unknown {
  switch (type) {
    case 'object':
      return generateObject(schema, place);
    case 'array':
      return generateArray(schema, place);
    case 'integer':
      return generateNumber(schema, place.random, true);
    case 'number':
      return generateNumber(schema, place.random, false);
    case 'boolean':
      return place.random() < 0.5;
    case 'null':
      return null;
    default:
      return structuredString(schema, place.name, place.random);
  }
}

function generateObject(schema: Json, place: Place): Json {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  const optional = place.depth > ROOMY_DEPTH ? [] : Object.keys(properties);
  const names = new Set([...optional, ...required]);
  const entries = [...names].map((name): [string, unknown] => [
    name,
    generate(Object.hasOwn(properties, name) ? properties[name] : schema['additionalProperties'], { ...place, name }),
  ]);
  return Object.fromEntries(entries);
}

function generateArray(schema: Json, place: Place): unknown[] {
  const prefix = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : [];
  const minimum = Math.max(bound(schema['minItems'], 0), prefix.length);
  const maximum = bound(schema['maxItems'], Infinity);
  const wanted = place.depth > ROOMY_DEPTH ? 0 : integerBetween(place.random, 1, 3);
  const length = Math.min(Math.max(minimum, wanted), maximum);
  const items: unknown[] = [];
  const seen = new Set<string>();
  for (let tries = 0; items.length < length && tries < length * 50; tries += 1) {
    const item = generate(prefix[items.length] ?? schema['items'], place);
    const text = JSON.stringify(item);
    if (schema['uniqueItems'] === true && seen.has(text)) continue;
    seen.add(text);
    items.push(item);
  }
  return items;
}

function generateNumber(schema: Json, random: Random, whole: boolean): number {
  const step = bound(schema['multipleOf'], whole ? 1 : 0.01);
  const open = (key: string): boolean => typeof schema[key] === 'number';
  let low = Math.max(bound(schema['minimum'], -Infinity), bound(schema['exclusiveMinimum'], -Infinity));
  let high = Math.min(bound(schema['maximum'], Infinity), bound(schema['exclusiveMaximum'], Infinity));
  if (low === -Infinity) low = Math.min(0, high === Infinity ? 0 : high - 100 * step);
  if (high === Infinity) high = low + 100 * step;
  let first = Math.ceil(low / step);
  let last = Math.floor(high / step);
  if (open('exclusiveMinimum') && first * step <= Number(schema['exclusiveMinimum'])) first += 1;
  if (open('exclusiveMaximum') && last * step >= Number(schema['exclusiveMaximum'])) last -= 1;
  // No multiple of the default step fits between close bounds of a fractional number: their middle does.
  if (first > last) return whole ? first * step : (low + high) / 2;
  return Number((integerBetween(random, first, last) * step).toFixed(10));
}

function bound(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

function typeOf(schema: Json, depth: number): string {
  const { type } = schema;
  if (Array.isArray(type)) {
    if (depth > ROOMY_DEPTH && type.includes('null')) return 'null';
    return String(type.find((name) => name !== 'null') ?? 'null');
  }
  if (typeof type === 'string') return type;
  if (schema['properties'] || schema['required']) return 'object';
  return schema['items'] || schema['prefixItems'] ? 'array' : 'string';
}

function choose(choices: readonly unknown[], place: Place): unknown {
  const isNull = (choice: unknown): boolean => isObject(choice) && choice['type'] === 'null';
  const wantsNull = place.depth > ROOMY_DEPTH;
  return choices.find((choice) => isNull(choice) === wantsNull) ?? choices[0];
}

/** Joins schemas that must all hold; properties and requirements add up, for the rest the later one wins. */
function merge(schemas: readonly unknown[], root: Json): Json {
  const merged: Json = {};
  for (const schema of schemas) {
    if (!isObject(schema)) continue;
    const own = typeof schema['$ref'] === 'string' ? { ...resolve(schema['$ref'], root), ...schema } : schema;
    const { properties, required, $ref: _ref, ...rest } = own as Json;
    Object.assign(merged, rest);
    if (isObject(properties)) merged['properties'] = { ...(merged['properties'] as Json | undefined), ...properties };
    if (Array.isArray(required)) {
      merged['required'] = [...((merged['required'] as string[] | undefined) ?? []), ...required.map(String)];
    }
  }
  return merged;
}

/** Follows a JSON Pointer inside the schema. Throws a 400 for a reference to elsewhere or to nothing. */
function resolve(ref: string, root: Json): Json {
  let target: unknown = ref.startsWith('#') ? root : undefined;
  for (const step of ref.split('/').slice(1)) {
    const key = step.replaceAll('%24', '$').replaceAll('~1', '/').replaceAll('~0', '~');
    target =
      (isObject(target) && Object.hasOwn(target, key)) || Array.isArray(target) ? (target as Json)[key] : undefined;
  }
  if (!isObject(target)) throw new ApiError(400, `output_config.format.schema: unresolvable $ref '${ref}'`);
  return target;
}
