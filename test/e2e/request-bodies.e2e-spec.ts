import { dataOf, newUser, raw, type TestUser } from '../support/client.js';
import { expectProblem, placesOf } from '../support/problems.js';

const ITEMS = '/api/v1/research-items';

describe('a request', () => {
  let user: TestUser;
  const send = (json: unknown): Promise<Response> => raw(ITEMS, { method: 'POST', key: user.key, json });

  beforeAll(async () => {
    user = await newUser();
  });

  describe('has a body that is refused', () => {
    it.each(['', '{', '{"title":"a"', '{title:"a"}', "{'title':'a'}", '{"title":NaN}', '\u0000', 'title=a'])(
      'as malformed: %j',
      async (body) => {
        const headers = { 'content-type': 'application/json' };
        await expectProblem(await raw(ITEMS, { method: 'POST', body, headers }), 'malformed-request');
      },
    );

    it.each(['null', '[]', '"text"', '1', 'true', '[{"title":"a"}]'])('as no object: %s', async (body) => {
      await expectProblem(await raw(ITEMS, { method: 'POST', body }), 'validation-failed');
    });

    it.each([
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'x',
    ])('for its content type %s', async (type) => {
      const response = await raw(ITEMS, { method: 'POST', body: '{"title":"a"}', headers: { 'content-type': type } });
      await expectProblem(response, 'unsupported-media-type');
    });

    it.each([
      [{ 'content-type': 'application/json; charset=utf-16' }],
      [{ 'content-type': 'application/json; charset="latin1"' }],
      [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }],
    ])('for its encoding: %j', async (headers) => {
      const response = await raw(ITEMS, { method: 'POST', body: '{"title":"a"}', headers });
      await expectProblem(response, 'unsupported-media-type');
    });

    it('as malformed when its bytes are no UTF-8', async () => {
      const body = Buffer.concat([Buffer.from('{"title":"'), Buffer.from([0xff, 0xc3]), Buffer.from('"}')]);
      const headers = { 'content-type': 'application/json; charset=utf-8' };
      await expectProblem(await raw(ITEMS, { method: 'POST', body, headers }), 'malformed-request');
    });

    it.each([null, 'dsr_1_mistyped', 'not Bearer'])('before it is read when the key is %j', async (key) => {
      for (const body of ['{', 'x'.repeat(1024 * 1024 + 1)]) {
        const response = await raw(ITEMS, { method: 'POST', key, body, headers: { 'content-type': 'text/plain' } });
        await expectProblem(response, 'unauthorized');
        expect(response.headers.get('www-authenticate')).toBe('Bearer');
      }
    });

    it('as empty where one is missed, also by an operation that takes lines', async () => {
      const headers = { 'content-type': 'application/json' };
      for (const path of [ITEMS, '/api/v1/ai/runs', '/api/v1/ai/batches']) {
        const { detail } = await expectProblem(await raw(path, { method: 'POST', headers }), 'malformed-request');
        expect(detail).toBe('The body is empty; send a JSON object');
      }
    });

    it('unless it is none: an operation that takes no body may be asked with a content type', async () => {
      const { id } = (await (await send({ title: 'short-lived' })).json()) as { id: number };
      const run = dataOf(await user.api.POST('/api/v1/ai/runs', { body: { input: 'What makes the tides?' } }));
      const without = (method: string, path: string): Promise<Response> =>
        raw(path, { method, key: user.key, headers: { 'content-type': 'application/json' } });
      expect((await without('DELETE', `${ITEMS}/${id}`)).status).toBe(204);
      await expectProblem(await without('POST', `/api/v1/ai/runs/${run.id}/cancel`), 'conflict');
    });

    it('as anywhere, by operations that take none: for its content type, its size and its fields', async () => {
      const { id } = (await (await send({ title: 'stays' })).json()) as { id: number };
      const remove = (body: string, type = 'application/json'): Promise<Response> =>
        raw(`${ITEMS}/${id}`, { method: 'DELETE', key: user.key, body, headers: { 'content-type': type } });
      await expectProblem(await remove('{}', 'text/plain'), 'unsupported-media-type');
      await expectProblem(await remove(JSON.stringify('x'.repeat(1024 * 1024))), 'payload-too-large');
      await expectProblem(await remove('{"colour":1}'), 'validation-failed');
      expect((await raw(`${ITEMS}/${id}`, { key: user.key })).status).toBe(200);
    });

    it('for its size, beyond 1 MiB', async () => {
      await expectProblem(await send({ title: 'a', description: 'x'.repeat(1024 * 1024) }), 'payload-too-large');
    });

    it('for fields nobody knows, each named', async () => {
      const body = '{"title":"a","colour":1,"constructor":2,"toString":3,"hasOwnProperty":4,"__proto__":{"x":1}}';
      const problem = await expectProblem(await raw(ITEMS, { method: 'POST', body }), 'validation-failed');
      expect(placesOf(problem)).toEqual(expect.arrayContaining(['/__proto__']));
      const rest = body.replace(',"__proto__":{"x":1}', '');
      const second = await expectProblem(await raw(ITEMS, { method: 'POST', body: rest }), 'validation-failed');
      expect(placesOf(second).sort()).toEqual(['/colour', '/constructor', '/hasOwnProperty', '/toString']);
    });

    it.each([
      ['{"title":"a\\u0000b"}', '/title'],
      ['{"title":"\\ud800"}', '/title'],
      ['{"title":"\\udc00\\ud800"}', '/title'],
      ['{"title":"a","tags":["b","\\u0000"]}', '/tags/1'],
      ['{"title":"a","\\u0000":1}', '/\uFFFD'],
      ['{"title":"a","x\\ud800":1}', '/x\uFFFD'],
      ['{"title":"a","a/b~c\\u0000":1}', '/a~1b~0c\uFFFD'],
    ])('for text that cannot be stored: %s', async (body, pointer) => {
      const problem = await expectProblem(await raw(ITEMS, { method: 'POST', body }), 'validation-failed');
      expect(placesOf(problem)).toContain(pointer);
    });

    it('for being nested without end', async () => {
      for (const [open, close] of [
        ['[', ']'],
        ['{"a":', '}'],
      ] as const) {
        const deep = `{"title":"a","x":${open.repeat(20_000)}1${close.repeat(20_000)}}`;
        await expectProblem(await raw(ITEMS, { method: 'POST', body: deep }), 'validation-failed');
      }
    });
  });

  it('keeps what PostgreSQL can store: astral characters, escapes, right-to-left marks', async () => {
    const title = '𝔘 \u202e é "\\" \u0001 \ufffd';
    const response = await send({ title });
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ title });
  });
});
