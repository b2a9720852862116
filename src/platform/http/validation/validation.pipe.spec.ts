import 'reflect-metadata';
import type { ArgumentMetadata } from '@nestjs/common';
import { ArrayMaxSize, IsArray, IsIn, IsInt, IsObject, Max, Min } from 'class-validator';
import fc from 'fast-check';
import { ValidationFailedError } from '../../errors/platform.errors.js';
import { PageQuery } from '../../paging/page-query.dto.js';
import { Nested, Nullable, Optional, QueryInteger, Text } from './decorators.js';
import { checkBody, ValidationPipe } from './validation.pipe.js';

class Variable {
  @Text(1, 10)
  name: string;

  @IsIn(['string', 'number'], { message: 'must be string or number' })
  type: string;
}

class Settings {
  @Optional()
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  @Max(10, { message: 'must be at most 10' })
  max_tokens?: number;
}

class Body {
  @Text(1, 5)
  title: string;

  @Optional()
  @Nullable()
  @Text(0, 5)
  description?: string | null;

  @Optional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(3, { message: 'must have at most 3' })
  @Text(1, 5, { each: true })
  tags?: string[];

  @Optional()
  @IsArray({ message: 'must be a list' })
  @Nested(() => Variable, { each: true })
  variables?: Variable[];

  @Optional()
  @IsObject({ message: 'must be an object' })
  @Nested(() => Settings)
  settings?: Settings;

  @Optional()
  @IsObject({ message: 'must be an object' })
  values?: Record<string, unknown>;
}

class ListQuery extends PageQuery {
  @QueryInteger(0, 10_000)
  offset?: number;

  @Optional()
  @Text(1, 5)
  q?: string;
}

const pipe = new ValidationPipe();
const bodyOf = (metatype: ArgumentMetadata['metatype']): ArgumentMetadata => ({ type: 'body', metatype });

function mistakes(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof ValidationFailedError) return error.extras.errors ?? [];
    throw error;
  }
  return [];
}

const inBody = (body: unknown) => mistakes(() => pipe.transform(body, bodyOf(Body)));
const pointers = (body: unknown) => inBody(body).map((error) => ('pointer' in error ? error.pointer : error));
const inQuery = (query: unknown) => mistakes(() => pipe.transform(query, { type: 'query', metatype: ListQuery }));
const parsed = (json: string) => JSON.parse(json) as unknown;

function elapsedMs(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

describe('A body', () => {
  it('becomes an instance of its class, nested ones too', () => {
    const body = { title: 'a', variables: [{ name: 'x', type: 'string' }], settings: { max_tokens: 3 } };
    const made = pipe.transform(body, bodyOf(Body)) as Body;
    expect(made).toBeInstanceOf(Body);
    expect(made.variables?.[0]).toBeInstanceOf(Variable);
    expect(made.settings).toBeInstanceOf(Settings);
    expect(made).toEqual(body);
  });

  it.each([undefined, null, 'x', 1, true, [], [{ title: 'a' }]])('that is %j is no JSON object', (body) => {
    expect(inBody(body)).toEqual([{ pointer: '', detail: 'must be a JSON object' }]);
  });

  it.each<[string, unknown, string[]]>([
    ['a required field that is missing', {}, ['/title']],
    ['null in a required field', { title: null }, ['/title']],
    ['null where left out is meant', { title: 'a', tags: null, settings: null }, ['/tags', '/settings']],
    ['a number for a text', { title: 1 }, ['/title']],
    ['a text that is too long', { title: 'abcdef' }, ['/title']],
    ['a NUL', { title: 'a\0' }, ['/title']],
    ['a lone surrogate', { title: '\ud800' }, ['/title']],
    ['an unknown field', { title: 'a', other: 1 }, ['/other']],
    ['an unknown field whose name needs escapes', { title: 'a', 'a/b~': 1 }, ['/a~1b~0']],
    ['wrong elements', { title: 'a', tags: ['ok', '', 3] }, ['/tags/1', '/tags/2']],
    ['too many elements', { title: 'a', tags: ['a', 'b', 'c', 'd'] }, ['/tags']],
    ['an object for a list', { title: 'a', tags: { 0: 'a', length: 1 } }, ['/tags']],
    ['a text for a list', { title: 'a', tags: 'a' }, ['/tags']],
    ['a wrong nested field', { title: 'a', settings: { max_tokens: 0 } }, ['/settings/max_tokens']],
    ['an unknown nested field', { title: 'a', settings: { max: 1 } }, ['/settings/max']],
    ['a list for an object', { title: 'a', settings: [] }, ['/settings']],
    ['a list of objects for an object', { title: 'a', settings: [{ max_tokens: 1 }] }, ['/settings']],
    ['a text for an object', { title: 'a', settings: 'x' }, ['/settings']],
    ['an object for a list of objects', { title: 'a', variables: { name: 'x', type: 'string' } }, ['/variables']],
    [
      'a wrong field in a list of objects',
      { title: 'a', variables: [{ name: 'x', type: 'y' }] },
      ['/variables/0/type'],
    ],
    [
      'elements that are no objects',
      { title: 'a', variables: [{ name: 'x', type: 'string' }, 1, null] },
      ['/variables/1', '/variables/2'],
    ],
    ['a list in a list of objects', { title: 'a', variables: [[{ name: 'x', type: 'string' }]] }, ['/variables/0']],
    [
      'empty lists in a list of objects',
      { title: 'a', variables: [[], [{}], [[]]] },
      ['/variables/0', '/variables/1', '/variables/2'],
    ],
    ['a list of wrong objects for an object', { title: 'a', settings: [{ max_tokens: 0 }] }, ['/settings']],
    ['a list of texts for an object', { title: 'a', settings: ['a'] }, ['/settings']],
    ['a wrong object for a list of objects', { title: 'a', variables: { constructor: 1 } }, ['/variables']],
    ['too many and wrong elements', { title: 'a', tags: ['a', 'b', 'c', ''] }, ['/tags/3']],
  ])('with %s is refused with a pointer each', (_what, body, expected) => {
    expect(pointers(body)).toEqual(expected);
  });

  it('may have null where null means something, and leave out what is optional', () => {
    expect(inBody({ title: 'a', description: null })).toEqual([]);
    expect(inBody({ title: 'a', tags: undefined })).toEqual([]);
  });

  it('tells of what is required, unknown, or against several rules, in a sentence each', () => {
    expect(inBody({ other: 1 })).toEqual([
      { pointer: '/other', detail: 'is not a known field' },
      { pointer: '/title', detail: 'is required' },
    ]);
    expect(inBody({ title: 'a', settings: { max_tokens: 11.5 } })).toEqual([
      { pointer: '/settings/max_tokens', detail: 'must be at most 10; must be a whole number' },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['tags', null, 'must be a list'],
    ['tags', 'a', 'must be a list'],
    ['tags', {}, 'must be a list'],
    ['variables', null, 'must be a list'],
    ['variables', 'x', 'must be a list'],
    ['variables', {}, 'must be a list'],
    ['settings', null, 'must be an object'],
    ['settings', ['a'], 'must be an object'],
    ['settings', [{}], 'must be an object'],
    ['values', [1], 'must be an object'],
  ])('tells of %s that is %j that it has the wrong shape, and nothing else', (field, value, detail) => {
    expect(inBody({ title: 'a', [field]: value })).toEqual([{ pointer: `/${field}`, detail }]);
  });

  it('tells what an element of a list should be', () => {
    expect(inBody({ title: 'a', variables: [7] })).toEqual([{ pointer: '/variables/0', detail: 'must be an object' }]);
    expect(inBody({ title: 'a', tags: [7] })).toEqual([
      { pointer: '/tags/0', detail: 'must be a text of 1 to 5 characters' },
    ]);
  });

  it.each(Object.getOwnPropertyNames(Object.prototype))('cannot set %s, which every object inherits', (name) => {
    expect(pointers(parsed(`{"title":"a","${name}":{"x":1}}`))).toContain(`/${name}`);
    expect(pointers(parsed(`{"title":"a","settings":{"${name}":1}}`))).toContain(`/settings/${name}`);
    expect(pointers(parsed(`{"title":"a","variables":[{"name":"x","type":"string","${name}":1}]}`))).toContain(
      `/variables/0/${name}`,
    );
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('keeps a free-form object as it is, whatever its keys', () => {
    const values = { constructor: 'Gaudí', toString: 1, nested: { hasOwnProperty: [] } };
    expect((pipe.transform({ title: 'a', values }, bodyOf(Body)) as Body).values).toBe(values);
  });

  it('counts characters as people do', () => {
    expect(inBody({ title: '😀😀😀😀😀' })).toEqual([]);
    expect(pointers({ title: '😀😀😀😀😀😀' })).toEqual(['/title']);
  });

  it('is checked or refused whatever JSON it is, and nothing else is thrown', () => {
    const key = fc.oneof(
      fc.constantFrom('title', 'tags', 'settings', 'variables', 'values', 'constructor'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.jsonValue())), (entries) => {
        expect(Array.isArray(inBody(Object.fromEntries(entries)))).toBe(true);
      }),
    );
  });

  it('can stand at a place of a larger one', () => {
    const errors = mistakes(() => checkBody(Body, { title: '', settings: { x: 1 } }, '/queries/7'));
    expect(errors).toMatchObject([{ pointer: '/queries/7/title' }, { pointer: '/queries/7/settings/x' }]);
  });

  it('passes as it is where no class is asked for', () => {
    const body = { any: 'thing' };
    expect(pipe.transform(body, bodyOf(Object))).toBe(body);
    expect(pipe.transform(body, bodyOf(undefined))).toBe(body);
    expect(pipe.transform('7', { type: 'param', metatype: Body })).toBe('7');
  });
});

describe('A large body of mistakes is refused soon and briefly:', () => {
  it.each<[string, unknown]>([
    ['bad elements', { title: 'a', tags: Array<number>(300_000).fill(1) }],
    ['bad elements behind good ones', { title: 'a', tags: [...Array<string>(200_000).fill('a'), 1] }],
    ['objects', { title: 'a', variables: Array.from({ length: 300_000 }, () => ({})) }],
    ['what should be objects', { title: 'a', variables: Array<number>(300_000).fill(1) }],
    ['as many objects as may be', { title: 'a', variables: Array.from({ length: 1000 }, () => ({ x: 1 })) }],
    ['two lists', { title: 'a', tags: Array<number>(150_000).fill(1), variables: Array<number>(1000).fill(1) }],
    ['unknown fields', Object.fromEntries(Array.from({ length: 120_000 }, (_, index) => [`a${index}`, 1]))],
    ['a long text', { title: 'x'.repeat(1_000_000) }],
  ])('%s', (_what, body) => {
    let errors: unknown[] = [];
    expect(elapsedMs(() => (errors = [...inBody(body)]))).toBeLessThan(5000);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThanOrEqual(100);
  });
});

describe('A query', () => {
  it('becomes an instance of its class, with numbers where numbers are meant', () => {
    const made = pipe.transform({ limit: '7', offset: '0', q: '12' }, { type: 'query', metatype: ListQuery });
    expect(made).toBeInstanceOf(ListQuery);
    expect(made).toEqual({ limit: 7, offset: 0, q: '12' });
  });

  it.each(['', ' 1', '+1', '-1', '0', '01', '1.0', '1e1', '0x1', '101', '9'.repeat(30), 'NaN', 'null', '１'])(
    'does not take %j for a limit',
    (limit) => {
      expect(inQuery({ limit })).toEqual([{ parameter: 'limit', detail: 'must be a whole number from 1 to 100' }]);
    },
  );

  it('takes every whole number within its bounds, and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: -200, max: 200 }), (limit) => {
        expect(inQuery({ limit: String(limit) }).length).toBe(limit >= 1 && limit <= 100 ? 0 : 1);
      }),
    );
  });

  it.each<[string, unknown, string]>([
    ['a parameter given twice', { q: ['a', 'b'] }, 'q'],
    ['a number given twice', { limit: ['1', '1'] }, 'limit'],
    ['an unknown parameter', { x: '1' }, 'x'],
    ['an unknown parameter given twice', { x: ['1', '2'] }, 'x'],
    ['a parameter that every object inherits', { constructor: '1' }, 'constructor'],
    ['a prototype', parsed('{"__proto__":"1"}'), '__proto__'],
    ['a NUL', { q: 'a\0' }, 'q'],
    ['an empty text', { q: '' }, 'q'],
    ['an empty cursor', { cursor: '' }, 'cursor'],
    ['an endless cursor', { cursor: 'x'.repeat(1001) }, 'cursor'],
    ['an object', { q: { a: '1' } }, 'q'],
  ])('with %s is refused by its name', (_what, query, parameter) => {
    expect(inQuery(query)).toEqual([expect.objectContaining({ parameter })]);
  });

  it('may be empty', () => {
    expect(inQuery({})).toEqual([]);
    expect(inQuery(undefined)).toEqual([]);
  });
});
