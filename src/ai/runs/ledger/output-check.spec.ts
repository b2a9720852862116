import type { ClaudeAnswer } from '../../claude/claude.types.js';
import { outputMismatch } from './output-check.js';

type Schema = Record<string, unknown>;

const MISMATCH = 'The answer does not match output_schema';
/** Takes longer than anybody waits where it is tried on `SLOW`. */
const ENDLESS = '^(a+)+$';
const SLOW = `${'a'.repeat(40)}!`;

const mismatch = (schema: Schema, output: unknown): string | null =>
  outputMismatch(schema, { text: JSON.stringify(output), stopReason: 'end_turn' } as ClaudeAnswer);
const object = (more: Schema): Schema => ({ type: 'object', additionalProperties: false, ...more });

describe('An answer that is held against its schema', () => {
  it('is not held against patterns', () => {
    const text = { type: 'string', pattern: ENDLESS };
    expect(mismatch(object({ properties: { a: text } }), { a: SLOW })).toBeNull();
    expect(mismatch(object({ properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: text } }), { a: SLOW })).toBeNull();
    expect(mismatch(object({ propertyNames: text }), { [SLOW]: 1 })).toMatch(MISMATCH);
    expect(mismatch({ type: 'array', items: { anyOf: [text] } }, [SLOW])).toBeNull();
    expect(mismatch({ type: 'array', items: { anyOf: [text] } }, [7])).toMatch(`${MISMATCH} at /0`);
  });

  it('may have keys that a pattern alone allows, and is held against all else', () => {
    const schema = object({ properties: { n: { type: 'number' } }, patternProperties: { '^x-': { type: 'string' } } });
    expect(mismatch(schema, { 'x-a': 'b', n: 1 })).toBeNull();
    expect(mismatch(schema, { 'x-a': 'b', n: 'one' })).toBe(`${MISMATCH} at /n`);
    const around = { type: 'object', unevaluatedProperties: false, allOf: [{ patternProperties: { '^x-': true } }] };
    expect(mismatch(around, { 'x-a': 'b' })).toBeNull();
    const inner = object({ properties: { open: { type: 'object', patternProperties: { '^x-': {} } } } });
    expect(mismatch(inner, { open: { 'x-a': 1 } })).toBeNull();
    expect(mismatch(inner, { open: {}, more: 1 })).toMatch(MISMATCH);
  });

  it.each<[string, Schema, unknown]>([
    ['not', { not: { pattern: '^x' } }, 'a'],
    ['oneOf', { oneOf: [{ pattern: '^x' }, { pattern: '^a' }] }, 'a'],
    ['if', JSON.parse('{"if":{"pattern":"^x"},"then":false}') as Schema, 'a'],
    ['a reference', { not: { $ref: '#/$defs/x' }, $defs: { x: { pattern: '^x' } } }, 'a'],
    ['maxContains', { contains: { pattern: '^x' }, minContains: 0, maxContains: 1 }, ['a', 'b']],
  ])('is not refused because a pattern that it does not match is not tried: %s', (_, schema, output) => {
    expect(mismatch(schema, output)).toBeNull();
  });

  it('is held against all of a schema without patterns', () => {
    const three = [{ const: 1 }, { const: 2 }, { type: 'integer', minimum: 2 }];
    expect([1, 2, 3, 0].map((value) => mismatch({ oneOf: three }, value) === null)).toEqual([true, false, true, false]);
    expect(mismatch({ not: { type: 'string' } }, 'a')).toMatch(MISMATCH);
    expect(mismatch({ type: 'object', properties: { a: {} }, unevaluatedProperties: false }, { b: 1 })).toMatch(
      MISMATCH,
    );
  });

  it('is held against values that have members called as keywords', () => {
    const value = { pattern: 'p', patternProperties: { a: 1 } };
    expect(mismatch({ type: 'object', const: value }, value)).toBeNull();
    expect(mismatch({ type: 'object', enum: [value] }, value)).toBeNull();
    expect(mismatch({ type: 'object', enum: [value] }, { pattern: 'p' })).toMatch(MISMATCH);
    expect(mismatch({ type: 'object', const: { a: 1 } }, { a: 1, pattern: 'p' })).toMatch(MISMATCH);
  });

  it('has properties that are called as keywords', () => {
    const properties = { pattern: { type: 'string' }, patternProperties: { type: 'number' }, not: { type: 'null' } };
    const schema = object({ properties, required: ['pattern'] });
    expect(mismatch(schema, { pattern: 'p', patternProperties: 1, not: null })).toBeNull();
    expect(mismatch(schema, { pattern: 1 })).toBe(`${MISMATCH} at /pattern`);
    expect(mismatch(schema, { pattern: 'p', patternProperties: 'x' })).toBe(`${MISMATCH} at /patternProperties`);
  });

  it.each<[string, Schema]>([
    ['of an older JSON Schema', { dependencies: { a: { properties: { a: { pattern: ENDLESS } } } } }],
    [
      'of nobody',
      { $defs: { a: {} }, $ref: '#/$defs/a', x: { $id: '#/$defs/a', properties: { a: { pattern: ENDLESS } } } },
    ],
    ['of the validator', { $defs: { a: {} }, $ref: '#/$defs/a', __absolute_ref__: 'elsewhere' }],
  ])('is not held against keywords %s, which nothing has checked', (_, schema) => {
    expect(mismatch({ type: 'object', ...schema }, { a: SLOW })).toBeNull();
  });
});
