import { Validator } from '@cfworker/json-schema';
import {
  META_SCHEMA,
  SUBSCHEMA_LISTS,
  SUBSCHEMA_MAPS,
  SUBSCHEMAS,
} from '../../../prompts/output-schema/meta-schema.js';
import type { ClaudeAnswer } from '../../claude/claude.types.js';

type Schema = Readonly<Record<string, unknown>>;

/**
 * What a schema was checked for when it came in, and `const`, which may be anything. The validator knows more, such as
 * `dependencies` and names of its own: those could hide patterns, and references without an end.
 */
const KNOWN: ReadonlySet<string> = new Set([...Object.keys(META_SCHEMA.$defs.schema.properties), 'const']);
const PATTERNS = ['pattern', 'patternProperties'] as const;
/** Keywords that refuse a value for what it matches, or for what nothing has looked at: without patterns, that is more. */
const UNSURE_WITHOUT_PATTERNS: ReadonlySet<string> = new Set([
  ...PATTERNS,
  'not',
  'if',
  'oneOf',
  'maxContains',
  'unevaluatedItems',
  'unevaluatedProperties',
]);

/**
 * Why an answer does not match the schema that was asked for, or null when it does. The validator interprets the schema:
 * others compile it to code. A refusal is a success of the call, and no output.
 */
export function outputMismatch(schema: Schema | undefined, answer: ClaudeAnswer): string | null {
  if (!schema || answer.stopReason === 'refusal') return null;
  let output: unknown;
  try {
    output = JSON.parse(answer.text);
  } catch {
    const cut = answer.stopReason === 'max_tokens' ? ': it was cut at max_tokens' : '';
    return `The answer is not the JSON that output_schema asks for${cut}`;
  }
  const place = mismatchAt(schema, output);
  return place === null ? null : `The answer does not match output_schema${place}`;
}

/** Where a value does not match, to follow a sentence; null when it does. */
function mismatchAt(schema: Schema, output: unknown): string | null {
  try {
    const checked = checkable(schema, hasPatterns(schema)) as ConstructorParameters<typeof Validator>[0];
    const { valid, errors } = new Validator(checked, '2020-12').validate(output);
    return valid ? null : ` at ${errors.at(-1)?.instanceLocation.replace(/^#/, '') || 'its root'}`;
  } catch {
    // The validator met a schema that it cannot interpret: then nothing matches it. Schemas are checked when they come in.
    return ', which cannot be interpreted';
  }
}

/**
 * What an answer can be held against. Claude holds itself to patterns; checking them here would let a caller's regular
 * expression stop the process. Where a schema has any, what could refuse a right answer for want of them is left out too.
 */
function checkable(schema: unknown, patterns: boolean): unknown {
  if (!isSchema(schema)) return schema;
  const kept = Object.entries(schema).filter(([keyword]) => {
    if (!KNOWN.has(keyword) || (patterns && UNSURE_WITHOUT_PATTERNS.has(keyword))) return false;
    return keyword !== 'additionalProperties' || !('patternProperties' in schema);
  });
  return Object.fromEntries(
    kept.map(([keyword, value]) => [keyword, mapSubschemas(keyword, value, (each) => checkable(each, patterns))]),
  );
}

function hasPatterns(schema: unknown): boolean {
  if (!isSchema(schema)) return false;
  let found = PATTERNS.some((keyword) => keyword in schema);
  for (const [keyword, value] of Object.entries(schema)) {
    mapSubschemas(keyword, value, (each) => (found ||= hasPatterns(each)));
  }
  return found;
}

/** The value of a keyword with each subschema in it changed. Other values, such as a `const`, are no schemas: they stay. */
function mapSubschemas(keyword: string, value: unknown, change: (schema: unknown) => unknown): unknown {
  if (isOneOf(SUBSCHEMAS, keyword)) return change(value);
  if (isOneOf(SUBSCHEMA_LISTS, keyword)) return (value as unknown[]).map(change);
  if (!isOneOf(SUBSCHEMA_MAPS, keyword)) return value;
  return Object.fromEntries(Object.entries(value as Schema).map(([name, schema]) => [name, change(schema)]));
}

function isOneOf(keywords: readonly string[], keyword: string): boolean {
  return keywords.includes(keyword);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
