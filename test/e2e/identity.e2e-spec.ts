import {
  adminClient,
  clientFor,
  dataOf,
  newUser,
  raw,
  type Schemas,
  type TestUser,
  unique,
} from '../support/client.js';
import { expectProblem, placesOf } from '../support/problems.js';
import { ADMIN_KEY } from '../support/server.js';
import { until } from '../support/until.js';

type Scope = Schemas['Scope'];

const KEY_FORMAT = /^dsr_[0-9A-Za-z]+_[0-9A-Za-z]+_[0-9A-Za-z]+$/;

describe('the user behind a key', () => {
  it('is told who they are, what the key may do, and where the budget stands', async () => {
    const { id, api } = await newUser(undefined, 2.5);
    const me = dataOf(await api.GET('/api/v1/me'));
    expect(me).toEqual({
      id,
      name: expect.any(String) as string,
      scopes: ['read', 'write', 'run'],
      budget_usd: 2.5,
      spent_usd: 0,
      reserved_usd: 0,
      created_at: expect.stringMatching(/Z$/) as string,
    });
  });

  it('has an ETag that spares a second reading', async () => {
    const { key } = await newUser();
    const etag = (await raw('/api/v1/me', { key })).headers.get('etag') ?? '';
    expect((await raw('/api/v1/me', { key, headers: { 'if-none-match': etag } })).status).toBe(304);
  });
});

describe('a request without a good key', () => {
  it.each([
    ['no header', undefined],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
    ['no key', 'Bearer'],
    ['an empty key', 'Bearer '],
    ['two keys', `Bearer ${ADMIN_KEY} ${ADMIN_KEY}`],
    ['an unknown key', 'Bearer dsr_1_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG_3kXq2B'],
    ['a key with another end', `Bearer ${ADMIN_KEY}x`],
    ['a very long key', `Bearer ${'a'.repeat(8000)}`],
  ])('is unauthorized, and told how to come back: %s', async (_, authorization) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const response = await raw('/api/v1/me', { key: null, headers });
    await expectProblem(response, 'unauthorized');
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('reads the same whether its key is unknown, mistyped, revoked or expired', async () => {
    const { api, key } = await newUser();
    const { id, key: revoked } = dataOf(await api.POST('/api/v1/api-keys', { body: { name: 'short' } }));
    await api.DELETE('/api/v1/api-keys/{id}', { params: { path: { id } } });
    const soon = new Date(Date.now() + 3000).toISOString();
    const { key: expiring } = dataOf(await api.POST('/api/v1/api-keys', { body: { name: 'x', expires_at: soon } }));
    expect((await raw('/api/v1/me', { key: expiring ?? '' })).status).toBe(200);
    await until('Its expiry', async () => (await raw('/api/v1/me', { key: expiring ?? '' })).status === 401);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(soon));
    const mistyped = key.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
    const answers = await Promise.all(
      [revoked ?? '', expiring ?? '', mistyped, 'dsr_1_unknown_1'].map(async (bad) => {
        const response = await raw('/api/v1/me', { key: bad, headers: { 'x-request-id': 'same' } });
        return [response.status, response.headers.get('www-authenticate'), await response.text()];
      }),
    );
    expect(answers[0]?.[0]).toBe(401);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });
});

describe('API keys', () => {
  let user: TestUser;

  beforeAll(async () => {
    user = await newUser();
  });

  async function makeKey(body: Partial<Schemas['CreateApiKeyRequest']> = {}, api = user.api) {
    return dataOf(await api.POST('/api/v1/api-keys', { body: { name: unique('key'), ...body } }));
  }

  it('are shown once, when they are made', async () => {
    const { data, response } = await user.api.POST('/api/v1/api-keys', { body: { name: 'laptop' } });
    expect(response.status).toBe(201);
    expect(data).toMatchObject({ name: 'laptop', scopes: ['read', 'write', 'run'], expires_at: null });
    expect(data?.key).toMatch(KEY_FORMAT);
    const location = response.headers.get('location') ?? '';
    expect(location).toBe(`/api/v1/api-keys/${data?.id}`);
    const read = await raw(location, { key: user.key });
    const { key: _key, ...rest } = data!;
    expect(await read.json()).toEqual(rest);
    const list = await (await raw('/api/v1/api-keys', { key: user.key })).text();
    expect(list).not.toContain('dsr_');
  });

  it('work at once, and no longer once they are revoked', async () => {
    const { id, key } = await makeKey();
    expect((await raw('/api/v1/me', { key: key ?? '' })).status).toBe(200);
    const { response } = await user.api.DELETE('/api/v1/api-keys/{id}', { params: { path: { id } } });
    expect(response.status).toBe(204);
    await expectProblem(await raw('/api/v1/me', { key: key ?? '' }), 'unauthorized');
    await expectProblem(await user.api.DELETE('/api/v1/api-keys/{id}', { params: { path: { id } } }), 'not-found');
  });

  it('take fewer scopes than their maker, never more', async () => {
    const { key, scopes } = await makeKey({ scopes: ['read', 'write'] });
    expect(scopes).toEqual(['read', 'write']);
    const narrow = clientFor(key);
    for (const beyond of [['run'], ['admin'], ['read', 'run']] satisfies Scope[][]) {
      const body = { name: 'wider', scopes: beyond };
      await expectProblem(await narrow.POST('/api/v1/api-keys', { body }), 'forbidden');
    }
    expect((await makeKey({}, narrow)).scopes).toEqual(['read', 'write']);
  });

  it.each([
    ['2020-01-01T00:00:00Z'],
    ['1970-01-01T00:00:00.000+01:00'],
    ['2020-01-01'],
    ['2099-02-30T00:00:00Z'],
    ['2099-01-01T00:00:00'],
    ['tomorrow'],
  ])('cannot expire at %s', async (expires_at) => {
    const answer = await user.api.POST('/api/v1/api-keys', { body: { name: 'late', expires_at } });
    expect(placesOf(await expectProblem(answer, 'validation-failed'))).toEqual(['/expires_at']);
  });

  it('say when they expire in UTC', async () => {
    const { expires_at } = await makeKey({ expires_at: '2099-06-01T12:00:00+02:00' });
    expect(expires_at).toBe('2099-06-01T10:00:00.000Z');
  });

  it.each([
    ['read', 'GET', '/api/v1/me', undefined],
    ['read', 'POST', '/api/v1/ai/token-counts', { input: 'x' }],
    ['write', 'POST', '/api/v1/research-items', { title: 't' }],
    ['write', 'POST', '/api/v1/api-keys', { name: 'k' }],
    ['run', 'POST', '/api/v1/ai/runs', { input: 'x' }],
    ['admin', 'GET', '/api/v1/users', undefined],
    ['admin', 'POST', '/api/v1/users', { name: 'u' }],
  ] as const)('need the scope %s for %s %s', async (scope, method, path, json) => {
    const others = (['read', 'write', 'run', 'admin'] as const).filter((other) => other !== scope);
    const { key } = await makeKey({ scopes: others }, adminClient());
    const problem = await expectProblem(await raw(path, { method, key: key ?? '', json }), 'forbidden');
    expect(problem.detail).toContain(`"${scope}"`);
  });

  it('of others are as missing as those that never were', async () => {
    const { id } = await makeKey({}, (await newUser()).api);
    for (const method of ['GET', 'DELETE']) {
      await expectProblem(await raw(`/api/v1/api-keys/${id}`, { method, key: user.key }), 'not-found');
    }
  });

  it('never open the first admin key to deletion', async () => {
    const admin = adminClient();
    const { items } = dataOf(await admin.GET('/api/v1/api-keys', { params: { query: { limit: 100 } } }));
    const id = items.find(({ name }) => name === 'First admin key')?.id ?? 0;
    await expectProblem(await admin.DELETE('/api/v1/api-keys/{id}', { params: { path: { id } } }), 'conflict');
  });

  it('are listed newest first, page by page', async () => {
    const owner = await newUser();
    const ids = [];
    for (let count = 0; count < 3; count += 1) ids.unshift((await makeKey({}, owner.api)).id);
    const first = dataOf(await owner.api.GET('/api/v1/api-keys', { params: { query: { limit: 2 } } }));
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const query = { limit: 2, cursor: first.next_cursor ?? '' };
    const second = dataOf(await owner.api.GET('/api/v1/api-keys', { params: { query } }));
    expect(second).toMatchObject({ items: [{ id: ids[2] }, { name: 'First key' }], next_cursor: null });
  });
});

describe('users', () => {
  const admin = adminClient;
  const at = (id: number): { params: { path: { id: number } } } => ({ params: { path: { id } } });

  it("are an admin's business alone", async () => {
    const { id, key } = await newUser();
    for (const [method, path] of [
      ['GET', '/api/v1/users'],
      ['POST', '/api/v1/users'],
      ['GET', `/api/v1/users/${id}`],
      ['PATCH', `/api/v1/users/${id}`],
    ] as const) {
      await expectProblem(
        await raw(path, { method, key, ...(method !== 'GET' && { json: { name: 'x' } }) }),
        'forbidden',
      );
    }
  });

  it('are made together with a key that may read, write and run', async () => {
    const { data, response } = await admin().POST('/api/v1/users', { body: { name: 'Ada' } });
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe(`/api/v1/users/${data?.id}`);
    expect(data).toMatchObject({ name: 'Ada', budget_usd: null, spent_usd: 0, reserved_usd: 0 });
    expect(data?.api_key).toMatchObject({
      scopes: ['read', 'write', 'run'],
      key: expect.stringMatching(KEY_FORMAT) as string,
    });
    const { api_key: _apiKey, ...shown } = data!;
    expect((await admin().GET('/api/v1/users/{id}', at(shown.id))).data).toEqual(shown);
  });

  it('have budgets exact to nine decimals, which change and go', async () => {
    const { id, api } = await newUser(undefined, 0.000000001);
    const budgets: (number | null)[] = [9_000_000, 0.1, 0, 123.456789012, null];
    for (const budget_usd of budgets) {
      const { data } = await admin().PATCH('/api/v1/users/{id}', { ...at(id), body: { budget_usd } });
      expect(data?.budget_usd).toBe(budget_usd);
      expect(dataOf(await api.GET('/api/v1/me')).budget_usd).toBe(budget_usd);
    }
    expect(
      (await admin().PATCH('/api/v1/users/{id}', { ...at(id), body: { budget_usd: 1e-10 } })).response.status,
    ).toBe(422);
  });

  it('are not run over: a stale If-Match changes nothing', async () => {
    const { id } = await newUser();
    const etag = (await admin().GET('/api/v1/users/{id}', at(id))).response.headers.get('etag') ?? '';
    const patch = (name: string) =>
      admin().PATCH('/api/v1/users/{id}', {
        params: { path: { id }, header: { 'If-Match': etag } },
        body: { name },
      });
    expect((await patch('First')).data?.name).toBe('First');
    await expectProblem(await patch('Second'), 'precondition-failed');
    expect((await admin().GET('/api/v1/users/{id}', at(id))).data?.name).toBe('First');
  });

  it('are changed by If-Match whatever their runs have spent meanwhile', async () => {
    const { id, api } = await newUser();
    const read = async () => (await admin().GET('/api/v1/users/{id}', at(id))).response.headers.get('etag') ?? '';
    const etag = await read();
    dataOf(await api.POST('/api/v1/ai/runs', { body: { input: 'Hello' } }));
    expect(await read()).not.toBe(etag);
    const params = { path: { id }, header: { 'If-Match': etag } };
    const { data, response } = await admin().PATCH('/api/v1/users/{id}', { params, body: { name: 'Busy' } });
    expect(data?.name).toBe('Busy');
    expect(response.headers.get('etag')).toBe(await read());
  });

  it('that are not there are not found', async () => {
    await expectProblem(await admin().GET('/api/v1/users/{id}', at(999_999_999)), 'not-found');
  });
});
