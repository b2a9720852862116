import { Validator } from '@cfworker/json-schema';
import type { ClaudeAnswer } from '../../claude/claude.types.js';

type Schema = Readonly<Record<string, unknown>>;

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
    const checked = withoutPatterns(schema) as ConstructorParameters<typeof Validator>[0];
    const { valid, errors } = new Validator(checked, '2020-12').validate(output);
    return valid ? null : ` at ${errors.at(-1)?.instanceLocation.replace(/^#/, '') || 'its root'}`;
  } catch {
    // The validator met a schema that it cannot interpret: then nothing matches it. Schemas are checked when they come in.
    return ', which cannot be interpreted';
  }
}

/** Claude holds itself to patterns; checking them here would let a caller's regular expression stop the process. */
function withoutPatterns(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutPatterns);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key, value]) => !isPattern(key, value));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutPatterns(value)]));
}

function isPattern(key: string, value: unknown): boolean {
  return (key === 'pattern' && typeof value === 'string') || (key === 'patternProperties' && typeof value === 'object');
}
