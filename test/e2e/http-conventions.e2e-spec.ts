import { request } from 'node:http';
import { connect } from 'node:net';
import { PROBLEMS, type ProblemSlug } from '../../src/platform/errors/problems.js';
import { raw } from '../support/client.js';
import { expectProblem, placesOf } from '../support/problems.js';
import { ADMIN_KEY } from '../support/server.js';
import { sharedStack } from '../support/shared-stack.js';

interface Operation {
  readonly security?: unknown;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const ITEMS = '/api/v1/research-items';

/** A concrete path of a template: every parameter is 1. */
function concrete(path: string): string {
  return path.replace(/\{\w+\}/g, '1');
}

async function documentPaths(): Promise<Paths> {
  const response = await raw('/openapi.json', { key: null });
  return ((await response.json()) as { paths: Paths }).paths;
}

async function operations(): Promise<{ path: string; method: string; operation: Operation }[]> {
  return Object.entries(await documentPaths()).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
}

/** What a server answers to bytes of which no HTTP client is capable. */
function overTcp(bytes: string): Promise<string> {
  const { hostname, port } = new URL(sharedStack().baseUrl);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes));
    let answer = '';
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

describe('every request', () => {
  describe('has an id', () => {
    it.each(['a', 'trace-1.b_C', 'x'.repeat(128)])('which is kept when the caller sends %s', async (id) => {
      const response = await raw('/health/live', { headers: { 'x-request-id': id } });
      expect(response.headers.get('x-request-id')).toBe(id);
    });

    it.each(['', 'x'.repeat(129), 'a b', 'ä', '"', 'a/b'])('which replaces %j', async (id) => {
      const response = await raw('/health/live', { headers: { 'x-request-id': id } });
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('which its problem repeats', async () => {
      const response = await raw(`${ITEMS}/999999`, { headers: { 'x-request-id': 'mine' } });
      expect((await expectProblem(response, 'item-not-found')).request_id).toBe('mine');
    });

    it('which is another one each time', async () => {
      const responses = await Promise.all([raw('/health/live'), raw('/health/live')]);
      expect(new Set(responses.map(({ headers }) => headers.get('x-request-id'))).size).toBe(2);
    });
  });

  describe('is routed', () => {
    it.each([
      '/nothing',
      '/api/v1/nothing',
      '/api/v2/me',
      '/api/v1',
      `${ITEMS}/1/nothing`,
      '/problems/nothing',
      '/docs-yaml',
    ])('to not-found at %s', async (path) => {
      await expectProblem(await raw(path), 'not-found');
    });

    it.each([
      ['PUT', ITEMS, 'GET, HEAD, POST'],
      ['OPTIONS', ITEMS, 'GET, HEAD, POST'],
      ['POST', `${ITEMS}/1`, 'DELETE, GET, HEAD, PATCH'],
      ['DELETE', '/api/v1/me', 'GET, HEAD'],
      ['GET', '/api/v1/ai/token-counts', 'POST'],
      ['POST', '/health/live', 'GET, HEAD'],
      ['POST', '/problems', 'GET, HEAD'],
      ['PATCH', '/api/v1/prompts/1/labels/production', 'DELETE, GET, HEAD, PUT'],
    ])('to method-not-allowed by %s %s, which allows %s', async (method, path, allow) => {
      const response = await raw(path, { method });
      await expectProblem(response, 'method-not-allowed');
      expect(response.headers.get('allow')).toBe(allow);
    });

    it('by HEAD as by GET, without the body', async () => {
      const [head, get] = await Promise.all([raw('/health/live', { method: 'HEAD' }), raw('/health/live')]);
      expect(head.status).toBe(200);
      expect(await head.text()).toBe('');
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
    });

    it('by HEAD to a 405 where there is no GET', async () => {
      const response = await raw('/api/v1/ai/token-counts', { method: 'HEAD' });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('POST');
    });

    it('to a 405 for every method that a path of the document does not have', async () => {
      for (const [path, methods] of Object.entries(await documentPaths())) {
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
          if (method.toLowerCase() in methods) continue;
          const response = await raw(concrete(path), { method });
          expect(`${method} ${path} ${response.status}`).toBe(`${method} ${path} 405`);
          await response.text();
        }
      }
    });

    it.each(['/%', '/api/v1/%zz', `${ITEMS}/%E0%A4%A`, `${ITEMS}?q=%ff`, `${ITEMS}?q=%zz`, '/docs?x=%'])(
      'to malformed-request at the bad escape in %s',
      async (path) => {
        // fetch would mend the URL.
        const { status, type } = await new Promise<{ status?: number; type?: string }>((resolve, reject) => {
          const { hostname, port } = new URL(sharedStack().baseUrl);
          const headers = { authorization: `Bearer ${ADMIN_KEY}` };
          request({ hostname, port, path, headers }, (response) => {
            response.resume();
            resolve({ status: response.statusCode, type: response.headers['content-type'] });
          })
            .on('error', reject)
            .end();
        });
        expect({ status, type }).toEqual({ status: 400, type: expect.stringContaining('application/problem+json') });
      },
    );
  });

  describe('has query parameters that are refused', () => {
    it.each(['colour', 'constructor', '__proto__', 'toString', 'hasOwnProperty', 'LIMIT'])(
      'as unknown: %s',
      async (name) => {
        const problem = await expectProblem(await raw(`${ITEMS}?${name}=1`), 'validation-failed');
        expect(placesOf(problem)).toEqual([name]);
      },
    );

    it.each(['limit=1&limit=2', 'q=a&q=b', 'tag=a&tag=b', 'cursor=a&cursor=b', 'offset=1&offset=1'])(
      'as given twice: %s',
      async (query) => {
        const problem = await expectProblem(await raw(`${ITEMS}?${query}`), 'validation-failed');
        expect(placesOf(problem)).toEqual([query.split('=')[0]]);
      },
    );

    it.each([
      'limit=0',
      'limit=101',
      'limit=-1',
      'limit=1e1',
      'limit=1.5',
      'limit=',
      'limit=0x5',
      'limit=%00',
      'offset=-1',
    ])('as out of bounds: %s', async (query) => {
      const problem = await expectProblem(await raw(`${ITEMS}?${query}`), 'validation-failed');
      expect(placesOf(problem)).toEqual([query.split('=')[0]]);
    });

    it.each(['q=%00', 'tag=%00', 'q=', 'include=everything', 'cursor=%00', 'tag=a%00b'])(
      'as no text: %s',
      async (query) => {
        await expectProblem(await raw(`${ITEMS}?${query}`), 'validation-failed');
      },
    );

    it('on operations that have none at all', async () => {
      for (const path of ['/api/v1/me', `${ITEMS}/1`, '/api/v1/ai/models', '/api/v1/prompts/1']) {
        await expectProblem(await raw(`${path}?colour=1`), 'validation-failed');
      }
    });
  });

  it('is refused when its headers are beyond all measure, name no host, or are no HTTP', async () => {
    const tooMany = await overTcp(`GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`);
    expect(tooMany).toMatch(/^HTTP\/1\.1 4(00|31) /);
    expect(tooMany).toContain('application/problem+json');
    expect(tooMany).toMatch(/x-request-id: /i);
    const hostless = await overTcp('GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(hostless).toMatch(/^HTTP\/1\.1 400 /);
    expect(hostless).toContain('/problems/malformed-request');
    expect(hostless).toMatch(/x-request-id: /i);
    const older = await overTcp('GET /health/live HTTP/1.0\r\n\r\n');
    expect(older).toMatch(/^HTTP\/1\.1 200 /);
    const garbage = await overTcp('nonsense\r\n\r\n');
    expect(garbage).toMatch(/^HTTP\/1\.1 400 /);
    expect(garbage).toContain('/problems/malformed-request');
  });
});

describe('every answer', () => {
  it.each(['/health/live', '/docs', '/openapi.json', '/api/v1/me', '/nothing', '/metrics'])(
    'carries the security headers: %s',
    async (path) => {
      const { headers } = await raw(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).not.toBeNull();
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('strict-transport-security')).toContain('max-age=');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('x-request-id')).not.toBeNull();
    },
  );
});

describe('the operations of the document', () => {
  it.each(['/health/live', '/health/ready', '/metrics', '/docs', '/openapi.json', '/problems', '/problems/conflict'])(
    'leave %s open to anyone',
    async (path) => {
      expect((await raw(path, { key: null })).status).toBe(200);
    },
  );

  it('need a key under /api/v1, each of them, and say so in the document', async () => {
    for (const { path, method, operation } of await operations()) {
      const needsKey = path.startsWith('/api/v1/');
      expect([path, operation.security !== undefined]).toEqual([path, needsKey]);
      if (!needsKey) continue;
      const response = await raw(concrete(path), { method, key: null });
      await expectProblem(response, 'unauthorized');
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('name every problem under the status that it has', async () => {
    const documented = new Set<string>();
    for (const { path, method, operation } of await operations()) {
      for (const [status, { description }] of Object.entries(operation.responses)) {
        for (const [, slug = ''] of description.matchAll(/`([a-z-]+)`: /g)) {
          documented.add(slug);
          expect([method, path, slug, PROBLEMS[slug as ProblemSlug].status]).toEqual([
            method,
            path,
            slug,
            Number(status),
          ]);
        }
      }
    }
    expect([...documented].filter((slug) => !(slug in PROBLEMS))).toEqual([]);
  });

  it('know every kind of problem in the schema of problems', async () => {
    const response = await raw('/openapi.json', { key: null });
    expect(await response.json()).toMatchObject({ openapi: expect.stringMatching(/^3\.1\./) });
  });
});

describe('the catalogue of problems', () => {
  it('lists exactly the problems that there are', async () => {
    const { items } = (await (await raw('/problems', { key: null })).json()) as { items: { slug: string }[] };
    expect(items.map(({ slug }) => slug).sort()).toEqual(Object.keys(PROBLEMS).sort());
  });

  it('explains each under its own path', async () => {
    for (const [slug, { status, title, meaning }] of Object.entries(PROBLEMS)) {
      const response = await raw(`/problems/${slug}`, { key: null });
      expect(await response.json()).toEqual({ type: `/problems/${slug}`, slug, status, title, meaning });
    }
  });

  it('is what the OpenAPI document describes: no error goes undocumented', async () => {
    const text = JSON.stringify(await documentPaths());
    // Of an operation that is still to come.
    const pending = new Set(['batch-not-found', 'request-in-progress', 'idempotency-key-reused', 'method-not-allowed']);
    const missing = Object.keys(PROBLEMS).filter((slug) => !text.includes(`\`${slug}\``) && !pending.has(slug));
    expect(missing).toEqual([]);
  });
});
