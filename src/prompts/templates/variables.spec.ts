import fc from 'fast-check';
import { compileTemplate } from './template.js';
import {
  bindVariables,
  checkDefinitions,
  effectiveDefinitions,
  type VariableDefinition,
  type VariableType,
} from './variables.js';

const check = (definitions: readonly VariableDefinition[] | null, template: string, system: string | null = null) =>
  checkDefinitions(definitions, compileTemplate(template), system === null ? null : compileTemplate(system)).map(
    ({ pointer }) => pointer,
  );

describe('Definitions', () => {
  it('are the names as required strings where there are none', () => {
    expect(effectiveDefinitions(null, new Set(['a', 'b']))).toEqual([
      { name: 'a', type: 'string', required: true },
      { name: 'b', type: 'string', required: true },
    ]);
    expect(check(null, '{{a}}', '{{b}}')).toEqual([]);
  });

  it('are those that were made, an empty list too', () => {
    const made: VariableDefinition[] = [{ name: 'x', type: 'list' }];
    expect(effectiveDefinitions(made, ['a'])).toBe(made);
    expect(effectiveDefinitions([], ['a'])).toEqual([]);
    expect(check([], '{{a}}')).toEqual(['/template']);
  });

  it('must cover every name of both texts', () => {
    expect(check([{ name: 'a', type: 'string' }], '{{a}}{{#b}}{{c}}{{/b}}', '{{a}}{{d}}')).toEqual([
      '/template',
      '/template',
      '/system',
    ]);
    expect(checkDefinitions([], compileTemplate('{{topic}}'), null)[0]?.detail).toContain('"topic"');
  });

  it('may declare more than is used', () => {
    expect(check([{ name: 'unused', type: 'boolean' }], 'x')).toEqual([]);
  });

  it.each([
    '',
    '1a',
    'a.b',
    'a-b',
    '.',
    ' a',
    'a'.repeat(65),
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
  ])('cannot be named %j', (name) => {
    const good: VariableDefinition = { name: 'a', type: 'string' };
    expect(check([good, { name, type: 'string' }], 'x')).toEqual(['/variables/1/name']);
  });

  it('point at the second of two of one name', () => {
    const twice: VariableDefinition[] = [
      { name: 'a', type: 'string' },
      { name: 'b', type: 'string' },
      { name: 'a', type: 'number' },
    ];
    expect(check(twice, '{{a}}')).toEqual(['/variables/2/name']);
  });

  it.each<[VariableType, unknown]>([
    ['string', 1],
    ['string', null],
    ['number', '1'],
    ['number', NaN],
    ['boolean', 'true'],
    ['list', 'a'],
    ['list', [null]],
    ['list', [['a']]],
    ['list', [{}]],
  ])('of type %s cannot have the default %j', (type, fallback) => {
    const definition = { name: 'a', type, default: fallback } as VariableDefinition;
    expect(check([definition], '{{a}}')).toEqual(['/variables/0/default']);
  });
});

const typed = (type: VariableType, more: Partial<VariableDefinition> = {}): VariableDefinition[] => [
  { name: 'a', type, ...more },
];

describe('Binding', () => {
  it.each<[VariableType, unknown]>([
    ['string', ''],
    ['string', '{{a}}'],
    ['number', 0],
    ['number', -1.5e300],
    ['boolean', false],
    ['list', []],
    ['list', ['a', 1, false]],
  ])('takes for a %s %j as it is', (type, value) => {
    expect(bindVariables(typed(type), { a: value })).toEqual({ ok: true, values: { a: value } });
  });

  it.each<[VariableType, unknown]>([
    ['string', 1],
    ['string', null],
    ['string', ['a']],
    ['number', '1'],
    ['number', Infinity],
    ['number', NaN],
    ['number', true],
    ['number', 1n],
    ['boolean', 1],
    ['boolean', 'true'],
    ['list', 'a'],
    ['list', { 0: 'a', length: 1 }],
    ['list', [null]],
    ['list', [['a']]],
    ['list', [NaN]],
  ])('does not take for a %s what is another type (%#)', (type, value) => {
    for (const more of [{}, { required: false }]) {
      expect(bindVariables(typed(type, more), { a: value })).toMatchObject({
        ok: false,
        kind: 'missing',
        errors: [{ pointer: '/variables/a' }],
      });
    }
  });

  it('names each variable that is missing, and only then those that are surplus', () => {
    const definitions: VariableDefinition[] = [
      { name: 'a', type: 'string' },
      { name: 'b', type: 'number', required: true },
      { name: 'c', type: 'number', required: false },
    ];
    const places = (given: Record<string, unknown>) => {
      const binding = bindVariables(definitions, given);
      return binding.ok ? 'ok' : [binding.kind, ...binding.errors.map(({ pointer }) => pointer)];
    };
    expect(places({ x: 1 })).toEqual(['missing', '/variables/a', '/variables/b']);
    expect(places({ a: '', b: 0, x: 1, y: 2 })).toEqual(['surplus', '/variables/x', '/variables/y']);
    expect(places({ a: '', b: 0 })).toBe('ok');
  });

  it('falls back on the default, required or not, and leaves an optional variable without a value', () => {
    expect(bindVariables(typed('number', { default: 0 }), {})).toEqual({ ok: true, values: { a: 0 } });
    expect(bindVariables(typed('number', { default: 0, required: true }), { a: 7 })).toEqual({
      ok: true,
      values: { a: 7 },
    });
    const without = bindVariables(typed('string', { required: false }), {});
    expect(without).toEqual({ ok: true, values: {} });
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('takes a given %s for surplus', (name) => {
    const given = JSON.parse(`{"a": "x", "${name}": {"b": "polluted"}}`) as Record<string, unknown>;
    expect(bindVariables(typed('string'), given)).toMatchObject({
      ok: false,
      kind: 'surplus',
      errors: [{ pointer: `/variables/${name}` }],
    });
  });

  it('does not find a value that is inherited', () => {
    const given = Object.create({ a: 'inherited', x: 1 }) as Record<string, unknown>;
    expect(bindVariables(typed('string'), given)).toMatchObject({ ok: false, kind: 'missing' });
    expect(bindVariables([], given)).toMatchObject({ ok: true });
  });

  it('escapes what a JSON Pointer gives a meaning to', () => {
    expect(bindVariables([], { 'a/b~c': 1 })).toMatchObject({ errors: [{ pointer: '/variables/a~1b~0c' }] });
  });

  it('takes any JSON object: every key is bound or reported, and nothing throws', () => {
    const definitions: VariableDefinition[] = [
      { name: 'a', type: 'string', required: false },
      { name: 'b', type: 'list', required: false },
    ];
    const key = fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'constructor'), fc.string());
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.jsonValue())), (entries) => {
        const json = `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`;
        const given = JSON.parse(json) as Record<string, unknown>;
        const binding = bindVariables(definitions, given);
        const keys = Object.keys(given);
        if (binding.ok) expect(Object.keys(binding.values).sort()).toEqual(keys.sort());
        else if (binding.kind === 'surplus') {
          expect(binding.errors).toHaveLength(keys.filter((name) => name !== 'a' && name !== 'b').length);
        } else expect(keys.some((name) => name === 'a' || name === 'b')).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
