import type { Json } from '../simulator.types.js';
import { randomFrom } from './random.js';
import { structuredValue, violatingValue } from './structured-answer.js';

const SEEDS = Array.from({ length: 50 }, (_, index) => `seed ${index}`);
const values = (schema: Json): unknown[] => SEEDS.map((seed) => structuredValue(schema, randomFrom(seed)));

describe('structured answers', () => {
  it('fills a nested object, required properties and optional ones alike', () => {
    const schema = {
      type: 'object',
      properties: {
        title: { type: 'string' },
        score: { type: 'integer', minimum: 1, maximum: 5 },
        tags: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, minItems: 2, maxItems: 4 },
        author: { type: ['object', 'null'], properties: { name: { type: 'string' } }, required: ['name'] },
        day: { type: 'string', format: 'date' },
      },
      required: ['title', 'score', 'tags'],
      additionalProperties: false,
    };
    for (const value of values(schema) as { score: number; tags: string[]; day: string }[]) {
      expect(Object.keys(value)).toEqual(['title', 'score', 'tags', 'author', 'day']);
      expect(value).toMatchObject({ title: expect.any(String), author: { name: expect.any(String) } });
      expect([1, 2, 3, 4, 5]).toContain(value.score);
      expect(['2', '3', '4']).toContain(String(value.tags.length));
      expect(value.tags.every((tag) => tag === 'a' || tag === 'b')).toBe(true);
      expect(value.day).toMatch(/^2026-\d\d-\d\d$/);
    }
  });

  it('keeps to the bounds of numbers', () => {
    const within = (schema: Json, fits: (value: number) => boolean): void =>
      expect(values(schema).filter((value) => !fits(value as number))).toEqual([]);
    within({ type: 'number', minimum: 0, maximum: 1 }, (value) => value >= 0 && value <= 1);
    within({ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.001 }, (value) => value > 0 && value < 0.001);
    within({ type: 'integer', maximum: -7 }, (value) => Number.isInteger(value) && value <= -7);
    within({ type: 'integer', exclusiveMinimum: 3, multipleOf: 5 }, (value) => value > 3 && value % 5 === 0);
  });

  it('keeps to the length of strings and lists, and to unique items', () => {
    for (const value of values({ type: 'string', maxLength: 5 })) expect(value).toHaveLength(5);
    for (const value of values({ type: 'string', minLength: 200 })) expect(value).toHaveLength(200);
    const unique = { type: 'array', items: { enum: [1, 2, 3] }, minItems: 3, uniqueItems: true };
    for (const value of values(unique)) expect((value as number[]).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
  });

  it('follows references, combinators and constants', () => {
    const schema = {
      $defs: {
        kind: { const: 'note' },
        base: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
      },
      allOf: [{ $ref: '#/$defs/base' }, { properties: { kind: { $ref: '#/$defs/kind' } }, required: ['kind'] }],
      anyOf: [{ type: 'null' }, { properties: { extra: { type: 'boolean' } } }],
    };
    const expected = { id: expect.any(Number), kind: 'note', extra: expect.any(Boolean) };
    for (const value of values(schema)) expect(value).toEqual(expected);
  });

  it('comes to an end with a recursive schema, and refuses one that has none', () => {
    const tree = {
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: 'object',
          properties: { children: { type: 'array', items: { $ref: '#/$defs/node' } } },
          required: ['children'],
        },
      },
    };
    for (const value of values(tree)) expect(value).toHaveProperty('children');
    const endless = { type: 'object', properties: { self: { $ref: '#' } }, required: ['self'] };
    expect(() => values(endless)).toThrow('requires itself');
    expect(() => values({ $ref: '#/$defs/none' })).toThrow('unresolvable');
  });

  it('refuses a schema that asks for more than an answer can hold', () => {
    expect(() => values({ type: 'string', minLength: 1e9 })).toThrow('too large');
    expect(() => values({ type: 'array', items: { type: 'null' }, minItems: 1e9 })).toThrow('too large');
    const unique = { type: 'array', items: { const: 1 }, minItems: 1e9, uniqueItems: true };
    expect(() => values(unique)).toThrow('too large');
  });

  it('gives the same value for the same seed, and a value of another type when it should violate', () => {
    const schema = { type: 'object', properties: { a: { type: 'number' } } };
    expect(values(schema)).toEqual(values(schema));
    expect(typeof violatingValue(schema, randomFrom('x'))).toBe('string');
    expect(typeof violatingValue({ type: 'string' }, randomFrom('x'))).toBe('object');
  });
});
