import Fastify from 'fastify';
import fc from 'fast-check';
import { toDomainError } from '../errors/to-domain-error.js';
import { MalformedRequestError, ValidationFailedError } from '../errors/platform.errors.js';
import { parseJsonBody, pointerSegment, readJsonBodies } from './json-body.js';
import { sendProblem } from './send-problem.js';

function mistakesIn(raw: string): { pointer?: string; detail: string }[] {
  try {
    parseJsonBody(raw);
  } catch (error) {
    if (error instanceof ValidationFailedError) return [...(error.extras.errors ?? [])];
    throw error;
  }
  return [];
}

const pointersIn = (raw: string) => mistakesIn(raw).map(({ pointer }) => pointer);

function elapsedMs(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

describe('A JSON body', () => {
  it('is what JSON.parse makes of it, whatever it is, unless it cannot be stored', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 10 }), (raw) => {
        try {
          expect(parseJsonBody(raw)).toEqual(JSON.parse(raw));
        } catch (error) {
          expect(error).toBeInstanceOf(ValidationFailedError);
          expect(raw).toMatch(/\\u|__proto__/);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each(['', ' \n', '{', '{"a":1,}', 'nope', "{'a':1}", '{"a":\0}', '\ufeff{}', '{"a":1}{}', 'NaN', '"\u0001"'])(
    'that is %j is malformed',
    (raw) => {
      expect(() => parseJsonBody(raw)).toThrow(MalformedRequestError);
    },
  );

  it('throws a MalformedRequestError or a ValidationFailedError for any text, and nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (raw) => {
        try {
          parseJsonBody(raw);
        } catch (error) {
          expect([MalformedRequestError, ValidationFailedError]).toContain((error as Error).constructor);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [String.raw`{"title":"a\u0000b"}`, '/title'],
    [String.raw`{"tags":["ok","\ud800"]}`, '/tags/1'],
    [String.raw`{"a":{"b":[{"c":"\udc00x"}]}}`, '/a/b/0/c'],
    [String.raw`{"a/b~c":"\u0000"}`, '/a~1b~0c'],
    [String.raw`"\u0000"`, ''],
    [String.raw`{"\ud800":1}`, '/\ufffd'],
    [String.raw`{"a\u0000":1}`, '/a\ufffd'],
    ['{"a":{"__proto__":{"b":1}}}', '/a/__proto__'],
    [String.raw`{"\u005f_proto__":1}`, '/__proto__'],
  ])('%s is refused with a pointer to the place', (raw, pointer) => {
    expect(pointersIn(raw)).toEqual([pointer]);
  });

  it('may hold any character that is well-formed, also by escapes, and names that only look dangerous', () => {
    const raw = String.raw`{"a":"\u00e9\ud83d\ude00\u0001","b":"__proto__","constructor":{"c":1}}`;
    expect(parseJsonBody(raw)).toEqual({ a: 'é😀\u0001', b: '__proto__', constructor: { c: 1 } });
  });

  it('pollutes nothing by naming a prototype', () => {
    expect(() => parseJsonBody('{"__proto__":{"polluted":true}}')).toThrow(ValidationFailedError);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['lists', '['.repeat(65) + ']'.repeat(65)],
    ['objects', '{"a":'.repeat(65) + '1' + '}'.repeat(65)],
    ['objects in lists', '[{"a":'.repeat(33) + '1' + '}]'.repeat(33)],
    ['half a million lists', '['.repeat(500_000) + ']'.repeat(500_000)],
  ])('of %s may not be nested deeper than 64 levels', (_what, raw) => {
    expect(mistakesIn(raw)).toEqual([expect.objectContaining({ detail: 'must not be nested deeper than 64 levels' })]);
  });

  it('may be nested 64 levels, and hold any number of flat lists', () => {
    expect(mistakesIn('['.repeat(64) + ']'.repeat(64))).toEqual([]);
    expect(mistakesIn('[{"a":'.repeat(32) + '1' + '}]'.repeat(32))).toEqual([]);
    expect(mistakesIn(`[${Array(5000).fill('[{}]').join()}]`)).toEqual([]);
  });

  it.each([
    [
      'texts',
      `[${Array(100_000)
        .fill(String.raw`"\u0000"`)
        .join()}]`,
    ],
    ['keys', `{${Array.from({ length: 60_000 }, (_, i) => String.raw`"\u0000${i}":1`).join()}}`],
    [
      'texts under one long key',
      `{"${'k'.repeat(800_000)}":[${Array(100)
        .fill(String.raw`"\u0000"`)
        .join()}]}`,
    ],
  ])('of nothing but bad %s gets a short answer, soon', (_what, raw) => {
    let mistakes: unknown[] = [];
    expect(elapsedMs(() => (mistakes = mistakesIn(raw)))).toBeLessThan(4000);
    expect(mistakes.length).toBeGreaterThan(0);
    expect(mistakes.length).toBeLessThanOrEqual(20);
    expect(JSON.stringify(mistakes).length).toBeLessThanOrEqual(raw.length);
  });

  it('of a MiB of escapes is read as fast as others', () => {
    const raw = `{"a":"${String.raw`\u00e9`.repeat(170_000)}","b":[${Array(5000)
      .fill(String.raw`"\u0041"`)
      .join()}]}`;
    expect(elapsedMs(() => parseJsonBody(raw))).toBeLessThan(4000);
  });
});

describe('A JSON Pointer segment', () => {
  it('leads back to its key', () => {
    fc.assert(
      fc.property(fc.string(), (key) => {
        const segment = pointerSegment(key);
        expect(segment).not.toContain('/');
        expect(segment.replaceAll('~1', '/').replaceAll('~0', '~')).toBe(key);
      }),
    );
  });
});

describe('Over HTTP, a body', () => {
  const fastify = Fastify({ bodyLimit: 1000 });
  readJsonBodies(fastify);
  fastify.setErrorHandler((error, request, reply) => {
    const known = toDomainError(error);
    if (known) sendProblem(known, request, reply);
    else void reply.status(500).send('a defect');
  });
  fastify.post('/', (request) => ({ got: request.body }));
  let url = '';
  beforeAll(async () => {
    url = await fastify.listen({ port: 0 });
  });
  afterAll(() => fastify.close());

  const post = async (payload: string, type: string, body: RequestInit['body'] = Buffer.from(payload)) => {
    const request = { method: 'POST', body, headers: type === '' ? {} : { 'content-type': type }, duplex: 'half' };
    const answer = await fetch(url, request as RequestInit);
    const { status, headers } = answer;
    return { status, type: headers.get('content-type'), body: (await answer.json()) as { type?: string } };
  };

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON'])(
    'of type %s is read',
    async (type) => {
      expect(await post('{"a":"é"}', type)).toMatchObject({ status: 200, body: { got: { a: 'é' } } });
    },
  );

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/vnd.api+json',
    'multipart/form-data',
    'json',
    '',
  ])('of type %j is unsupported', async (type) => {
    const { status, body } = await post('{"a":1}', type);
    expect([status, body.type]).toEqual([415, '/problems/unsupported-media-type']);
  });

  it('above the limit is too large, with or without its length', async () => {
    const large = JSON.stringify({ a: 'x'.repeat(1000) });
    expect(await post(large, 'application/json')).toMatchObject({
      status: 413,
      type: 'application/problem+json; charset=utf-8',
      body: { type: '/problems/payload-too-large' },
    });
    expect((await post('', 'application/json', new Blob([large]).stream())).status).toBe(413);
  });

  it('that is empty is none, whatever its content type says', async () => {
    expect(await post('', 'application/json')).toMatchObject({ status: 200, body: {} });
  });

  it.each([['{"a":'], [' '], ['[1,]'], ['\0']])('that is %j is malformed', async (payload) => {
    const { status, body } = await post(payload, 'application/json');
    expect([status, body.type]).toEqual([400, '/problems/malformed-request']);
  });

  it('that cannot be stored is answered with pointers', async () => {
    const { status, body } = await post(String.raw`{"tags":["\u0000"]}`, 'application/json');
    expect([status, body]).toEqual([
      422,
      expect.objectContaining({ errors: [expect.objectContaining({ pointer: '/tags/0' })] }),
    ]);
  });

  it('whose bytes are no UTF-8 is malformed', async () => {
    const bytes = Buffer.from([...Buffer.from('{"a":"'), 0xff, 0xc3, ...Buffer.from('"}')]);
    const { status, body } = await post('', 'application/json', bytes);
    expect([status, body.type]).toEqual([400, '/problems/malformed-request']);
  });
});
