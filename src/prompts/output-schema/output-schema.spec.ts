import { Validator } from '@cfworker/json-schema';
import fc from 'fast-check';
import { badOutputSchema } from './output-schema.js';

const object = (more: object): object => ({ type: 'object', additionalProperties: false, ...more });

describe('An output schema', () => {
  it.each<[string, object]>([
    ['a plain object', object({ properties: { verdict: { type: 'string' } }, required: ['verdict'] })],
    [
      'every keyword in its place',
      {
        type: ['object', 'null'],
        title: 'A',
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        properties: {
          n: { type: 'integer', minimum: 1, maximum: 9, multipleOf: 2 },
          s: { type: 'string', minLength: 1, pattern: '^a', format: 'date-time', default: { $ref: 'text' } },
          l: { type: 'array', items: { anyOf: [{ const: 1 }, { enum: ['a', null] }] }, minItems: 1, uniqueItems: true },
          enum: { type: 'string' },
          $ref: { type: 'string' },
        },
        dependentRequired: { n: ['s'] },
        additionalProperties: { not: { type: 'null' } },
      },
    ],
    [
      'local references',
      object({ properties: { a: { $ref: '#/$defs/a' }, b: { $ref: '#/$defs/a' } }, $defs: { a: { type: 'string' } } }),
    ],
    ['keywords of its own', object({ 'x-order': 5 })],
  ])('may have %s', (_, schema) => {
    expect(badOutputSchema(schema)).toBeNull();
  });

  it.each<[string, unknown, string]>([
    ['a list', [], 'must be a JSON Schema object'],
    ['nothing', null, 'must be a JSON Schema object'],
    ['no type', {}, 'must be a JSON Schema with a "type"'],
    ['an unknown type', { type: 'nonsense' }, 'is no JSON Schema at /type'],
    ['an enum that is no list', { type: 'string', enum: 'a' }, 'is no JSON Schema at /enum'],
    ['an empty enum', { type: 'string', enum: [] }, 'is no JSON Schema at /enum'],
    [
      'a nested one',
      object({ properties: { a: { type: 'string', enum: 5 } } }),
      'is no JSON Schema at /properties/a/enum',
    ],
    ['properties that are none', object({ properties: 5 }), 'is no JSON Schema at /properties'],
    ['a property that is null', object({ properties: { a: null } }), 'is no JSON Schema at /properties/a'],
    ['a single required', object({ required: 'a' }), 'is no JSON Schema at /required'],
    ['a union that is none', object({ anyOf: {} }), 'is no JSON Schema at /anyOf'],
    [
      'dependent fields that are none',
      object({ dependentRequired: { a: 5 } }),
      'is no JSON Schema at /dependentRequired/a',
    ],
    ['a minimum that is no number', { type: 'number', minimum: 'x' }, 'is no JSON Schema at /minimum'],
    ['a format that is none', { type: 'string', format: '__proto__' }, 'is no JSON Schema at /format'],
    ['an id', { type: 'string', $id: 'http://[bad' }, 'is no JSON Schema at /$id'],
    ['a reference to elsewhere', { type: 'string', $ref: 'https://a/b' }, 'is no JSON Schema at /$ref'],
    ['a reference to itself', { type: 'object', $ref: '#' }, 'is no JSON Schema at /$ref'],
    [
      'a reference to nothing',
      { type: 'object', $ref: '#/$defs/a' },
      'refers to a definition that it has not (#/$defs/a)',
    ],
    [
      'references in a circle',
      { type: 'object', $ref: '#/$defs/a', $defs: { a: { items: { $ref: '#/$defs/b' } }, b: { $ref: '#/$defs/a' } } },
      'must not refer to itself (#/$defs/a)',
    ],
    [
      'an inherited name for a definition',
      { type: 'object', $ref: '#/$defs/toString', $defs: {} },
      'refers to a definition that it has not (#/$defs/toString)',
    ],
  ])('is refused with %s', (_, schema, detail) => {
    expect(badOutputSchema(schema)).toBe(detail);
  });

  it('is refused when it is deep or long', () => {
    const nested = (levels: number): object =>
      levels === 0 ? { type: 'string' } : { type: 'object', properties: { a: nested(levels - 1) } };
    expect(badOutputSchema(nested(15))).toBeNull();
    expect(badOutputSchema(nested(16))).toBe('must not be nested deeper than 32 levels');
    expect(badOutputSchema({ type: 'object', description: 'x'.repeat(50_000) })).toMatch(/at most 50000 characters/);
  });

  it('is refused at once when its references multiply', () => {
    const levels = Array.from({ length: 40 }, (_, level) => {
      const next = { $ref: `#/$defs/a${level + 1}` };
      return [`a${level}`, { allOf: [next, next] }];
    });
    const schema = { type: 'object', $ref: '#/$defs/a0', $defs: { ...Object.fromEntries(levels), a40: {} } };
    expect(badOutputSchema(schema)).toBe('must have at most 1000 subschemas, references followed');
  });

  it('can be held against any value, or is refused', () => {
    const keyword = fc.constantFrom(
      'type',
      'enum',
      'properties',
      'items',
      'anyOf',
      'required',
      '$ref',
      '$defs',
      'const',
      'a',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('object', 'string', '#/$defs/a', 5, null, true),
        tie('node'),
        fc.array(tie('tree'), { maxLength: 3 }),
      ),
      node: fc.dictionary(keyword, tie('tree'), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(tree, tree, (schema, value) => {
        const detail = badOutputSchema(schema);
        if (detail !== null) return expect(detail).not.toBe('');
        expect(typeof new Validator(schema as object, '2020-12').validate(value).valid).toBe('boolean');
      }),
    );
  });
});
