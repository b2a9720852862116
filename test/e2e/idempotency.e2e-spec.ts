import { BATCHES, over } from '../support/batches.js';
import { adminClient, dataOf, newUser, raw, type TestUser, unique } from '../support/client.js';
import { expectProblem } from '../support/problems.js';

const ITEMS = '/api/v1/research-items';

interface Request {
  readonly path: string;
  readonly json: unknown;
  readonly key?: string;
}

describe('a creating POST under an Idempotency-Key', () => {
  let user: TestUser;
  let itemId: number;
  let promptId: number;

  beforeAll(async () => {
    user = await newUser();
    itemId = dataOf(await user.api.POST(ITEMS, { body: { title: 'Tides' } })).id;
    const prompt = await raw(`${ITEMS}/${itemId}/prompts`, {
      method: 'POST',
      key: user.key,
      json: { name: 'p', template: 'x' },
    });
    promptId = ((await prompt.json()) as { id: number }).id;
  });

  const post = (key: string, { path, json, key: apiKey }: Request): Promise<Response> =>
    raw(path, { method: 'POST', key: apiKey ?? user.key, json, headers: { 'idempotency-key': key } });
  const item = (title = 'Tides', key?: string): Request => ({ path: ITEMS, json: { title }, ...(key ? { key } : {}) });
  const titled = async (title: string): Promise<number> =>
    dataOf(await user.api.GET(ITEMS, { params: { query: { limit: 100 } } })).items.filter((one) => one.title === title)
      .length;

  it.each<[string, () => Request]>([
    ['an item', () => item(unique('item'))],
    ['a prompt', () => ({ path: `${ITEMS}/${itemId}/prompts`, json: { name: unique('p'), template: 'y' } })],
    ['a version', () => ({ path: `/api/v1/prompts/${promptId}/versions`, json: { template: unique('t') } })],
  ])('makes %s once, and gives the same answer again', async (_, request) => {
    const key = unique('key');
    const wanted = request();
    const first = await post(key, wanted);
    const second = await post(key, wanted);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await second.text()).toBe(await first.text());
    for (const header of ['location', 'etag', 'content-type']) {
      expect([header, second.headers.get(header)]).toEqual([header, first.headers.get(header)]);
    }
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it('makes keys and users once, whose secrets are not stored', async () => {
    const apiKey = { path: '/api/v1/api-keys', json: { name: unique('k') } };
    const admin = adminClient();
    const name = unique('u');
    const key = unique('key');
    const first = (await (await post(key, apiKey)).json()) as { id: number; key: string };
    const again = (await (await post(key, apiKey)).json()) as { id: number; key: null };
    expect(first.key).toMatch(/^dsr_/);
    expect(again).toEqual({ ...first, key: null });
    const headers = { 'idempotency-key': key };
    const users = [1, 2].map(() => raw('/api/v1/users', { method: 'POST', json: { name }, headers }));
    const bodies = await Promise.all(
      users.map(async (answer) => (await (await answer).json()) as { id: number; api_key: { key: string | null } }),
    );
    expect(bodies[0]!.id).toBe(bodies[1]!.id);
    expect(bodies.filter(({ api_key }) => api_key.key === null)).toHaveLength(1);
    expect((await admin.GET('/api/v1/users/{id}', { params: { path: { id: bodies[0]!.id } } })).response.status).toBe(
      200,
    );
  });

  it('does not mind the order of the members, nor the headers beside it', async () => {
    const key = unique('key');
    const headers = { 'idempotency-key': key, 'content-type': 'application/json' };
    const send = (body: string, more = {}): Promise<Response> =>
      raw(ITEMS, { method: 'POST', key: user.key, body, headers: { ...headers, ...more } });
    const first = await send('{"title":"a","tags":["x","y"]}');
    const second = await send('{ "tags": ["x","y"], "title": "a" }', { 'x-request-id': 'other' });
    expect([second.status, await second.json()]).toEqual([201, await first.json()]);
    await expectProblem(await send('{"title":"a","tags":["y","x"]}'), 'idempotency-key-reused');
  });

  it('is refused for another request, and independent of the keys of others', async () => {
    const key = unique('key');
    expect((await post(key, item('one'))).status).toBe(201);
    await expectProblem(await post(key, item('two')), 'idempotency-key-reused');
    await expectProblem(
      await post(key, { path: '/api/v1/api-keys', json: { title: 'one' } }),
      'idempotency-key-reused',
    );
    const other = await newUser();
    const theirs = await post(key, item('one', other.key));
    expect([theirs.status, theirs.headers.get('idempotency-replayed')]).toEqual([201, null]);
  });

  it('leaves nothing behind when it is refused', async () => {
    const key = unique('key');
    await expectProblem(await post(key, item('')), 'validation-failed');
    await expectProblem(await post(key, { ...item(), key: 'dsr_1_mistyped' }), 'unauthorized');
    const title = unique('after');
    expect((await post(key, item(title))).headers.get('idempotency-replayed')).toBeNull();
    expect(await titled(title)).toBe(1);
  });

  it.each(['', ' ', 'a b', 'é', 'x'.repeat(256)])('must be visible ASCII, not %j', async (key) => {
    const headers = { 'idempotency-key': Buffer.from(key, 'utf8').toString('latin1') };
    const answer = await raw(ITEMS, { method: 'POST', key: user.key, json: { title: 'x' }, headers });
    await expectProblem(answer, 'malformed-request');
  });

  it('has one effect however many come at once', async () => {
    const title = unique('raced');
    const key = unique('key');
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(key, item(title))));
    const made = answers.filter(({ status }) => status === 201);
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(await Promise.all(made.map((answer) => answer.text()))).size).toBe(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect((await expectProblem(answer, 'request-in-progress')) && answer.headers.get('retry-after')).toBe('1');
    }
    expect(await titled(title)).toBe(1);
  });

  it('is looked at by no operation that creates nothing', async () => {
    const headers = { 'idempotency-key': 'not valid' };
    const counted = await raw('/api/v1/ai/token-counts', {
      method: 'POST',
      key: user.key,
      json: { input: 'x' },
      headers,
    });
    expect(counted.status).toBe(200);
  });

  it('makes a batch once, and tells how it stands now', async () => {
    const key = unique('key');
    const batch = { path: BATCHES, json: { queries: [{ input: '[[sim text="one"]]' }] } };
    const { id } = (await (await post(key, batch)).json()) as { id: number };
    await over(user.api, id);
    const again = await post(key, batch);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
    expect(again.headers.get('location')).toBe(`${BATCHES}/${id}`);
    expect(await again.json()).toMatchObject({ id, status: 'finished', counts: { succeeded: 1 } });
  });
});
