import { once } from 'node:events';
import { connect } from 'node:net';
import { clientFor, dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { LossyProxy } from '../support/lossy-proxy.js';
import { expectProblem, placesOf } from '../support/problems.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { until } from '../support/until.js';

type Statistics = Schemas['StatisticsResponse'];

const STATISTICS = '/api/v1/statistics';
const RUNS = '/api/v1/ai/runs';
const REDIS = { host: '127.0.0.1', port: 6379 };
/** A database of Redis for this process alone. */
const DATABASE = 1 + (process.pid % 15);

/** Whether a Redis answers where developers and CI have one. */
const withRedis = await new Promise<boolean>((resolve) => {
  const socket = connect(REDIS.port, REDIS.host, () => resolve(true)).on('error', () => resolve(false));
  socket.on('connect', () => socket.destroy());
});

/** Sends commands to Redis, and answers what it says. */
async function redis(...commands: string[]): Promise<string> {
  const socket = connect(REDIS.port, REDIS.host).setEncoding('utf8');
  let answer = '';
  socket.on('data', (text: string) => (answer += text));
  socket.end([`SELECT ${DATABASE}`, ...commands, 'QUIT', ''].join('\r\n'));
  await once(socket, 'close');
  return answer;
}

const at = (id: number) => ({ params: { path: { id } } });
const ask = ({ key }: TestUser, { baseUrl }: { readonly baseUrl: string }): Promise<Response> =>
  raw(STATISTICS, { key, baseUrl });
const read = async (user: TestUser, server: { readonly baseUrl: string }): Promise<Statistics> =>
  (await (await ask(user, server)).json()) as Statistics;

function start(env: Record<string, string>): Promise<TestServer> {
  const { folder, template, simulatorUrl } = sharedStack();
  return TestServer.start({ folder, template, env: { ...liveAgainst(simulatorUrl), ...env } });
}

describe('statistics', () => {
  it('are nothing at first, and of their moment for as long as they are kept', async () => {
    const user = await newUser();
    const { baseUrl } = sharedStack();
    const before = Date.now();
    const answer = await ask(user, { baseUrl });
    const first = (await answer.json()) as Statistics;
    expect(first).toEqual({
      research_items: 0,
      prompts: 0,
      runs: { total: 0, succeeded: 0, failed: 0 },
      tokens: { input: 0, output: 0 },
      cost_usd: 0,
      computed_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    });
    expect(Math.abs(Date.parse(first.computed_at) - before)).toBeLessThan(30_000);
    expect(answer.headers.get('cache-control')).toBe('private, max-age=3600');
    expect(answer.headers.get('vary')).toContain('Authorization');
    expect(answer.headers.get('age')).toMatch(/^\d+$/);

    await user.api.POST('/api/v1/research-items', { body: { title: 'Tides' } });
    expect(await read(user, { baseUrl })).toEqual(first);
    const other = await newUser();
    await other.api.POST('/api/v1/research-items', { body: { title: 'Tides' } });
    expect(await read(other, { baseUrl })).toMatchObject({ research_items: 1 });
    await until('A second of age', async () => Number((await ask(user, { baseUrl })).headers.get('age')) >= 1);
  });

  it('are computed once however many ask at once', async () => {
    const user = await newUser();
    const answers = await Promise.all(Array.from({ length: 40 }, () => read(user, sharedStack())));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it('take no parameters, and need a key that may read', async () => {
    const user = await newUser();
    const problem = await expectProblem(await raw(`${STATISTICS}?limit=5`, { key: user.key }), 'validation-failed');
    expect(placesOf(problem)).toEqual(['limit']);
    const body = { name: 'runner', scopes: ['run' as const] };
    const { key } = dataOf(await user.api.POST('/api/v1/api-keys', { body }));
    await expectProblem(await clientFor(key).GET(STATISTICS), 'forbidden');
    await expectProblem(await clientFor(null).GET(STATISTICS), 'unauthorized');
    await expectProblem(await raw(STATISTICS, { key: user.key, method: 'POST' }), 'method-not-allowed');
  });
});

describe('statistics that are not kept', () => {
  let server: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    server = await start({ STATISTICS_TTL_SECONDS: '0' });
  });
  beforeEach(async () => {
    user = await newUser(server.baseUrl);
  });
  afterAll(() => server.dispose());

  it('say so, and are always of now', async () => {
    const answer = await ask(user, server);
    expect([answer.headers.get('cache-control'), answer.headers.get('age')]).toEqual(['private, max-age=0', '0']);
    for (const count of [1, 2]) {
      await user.api.POST('/api/v1/research-items', { body: { title: 'Tides' } });
      expect(await read(user, server)).toMatchObject({ research_items: count });
    }
  });

  it('count items and prompts as they come and go, those too that go with their item', async () => {
    const items = await Promise.all(
      Array.from({ length: 12 }, () => user.api.POST('/api/v1/research-items', { body: { title: unique('item') } })),
    );
    const ids = items.map((item) => dataOf(item).id);
    const add = (id: number, name: string) =>
      user.api.POST('/api/v1/research-items/{id}/prompts', { ...at(id), body: { name, template: 'On tides.' } });
    const prompts = await Promise.all(ids.flatMap((id) => [add(id, 'a'), add(id, 'b'), add(id, 'a')]));
    expect(prompts.filter(({ response }) => response.status === 409)).toHaveLength(12);
    expect(await read(user, server)).toMatchObject({ research_items: 12, prompts: 24 });
    await Promise.all(ids.slice(0, 5).map((id) => user.api.DELETE('/api/v1/research-items/{id}', at(id))));
    const [kept] = dataOf(await user.api.GET('/api/v1/research-items/{id}/prompts', at(ids[11]!))).items;
    await user.api.DELETE('/api/v1/prompts/{id}', at(kept!.id));
    expect(await read(user, server)).toMatchObject({ research_items: 7, prompts: 13 });
  });

  it('equal a full count of the runs after a storm of successes, failures and cancellations', async () => {
    const inputs = ['A', 'B [[sim status=400]]', 'C [[sim error_after=1 text="a b c d"]]'];
    const long = `[[sim text="${'slowly '.repeat(100)}" deltas=100 delta_ms=50]]`;
    const header = { Prefer: 'wait=0' };
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => {
        const input = index % 4 === 3 ? long : inputs[index % 4]!;
        return user.api.POST(RUNS, { params: { header }, body: { input, settings: { max_tokens: 200 } } });
      }),
    );
    const ids = answers.map(({ data, error }) => data?.id ?? (error as unknown as { run_id: number }).run_id);
    await Promise.all(ids.map((id) => user.api.POST('/api/v1/ai/runs/{id}/cancel', at(id))));
    const runs = await until('The end of all runs', async () => {
      const found = await Promise.all(
        ids.map(async (id) => dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(id)))),
      );
      return found.every(({ finished_at }) => finished_at !== null) && found;
    });
    const count = (status: string): number => runs.filter((run) => run.status === status).length;
    const sum = (of: (run: Schemas['RunResponse']) => number): number => runs.reduce((all, run) => all + of(run), 0);
    expect(count('cancelled')).toBeGreaterThan(0);
    expect(await read(user, server)).toMatchObject({
      runs: { total: 40, succeeded: count('succeeded'), failed: count('failed') },
      tokens: {
        input: sum(({ usage }) => usage?.input_tokens ?? 0),
        output: sum(({ usage }) => usage?.output_tokens ?? 0),
      },
      cost_usd: sum(({ cost_usd }) => Math.round((cost_usd ?? 0) * 1e9)) / 1e9,
    });
  });

  it('count runs that have not ended for the total alone', async () => {
    const header = { Prefer: 'wait=0' };
    const input = `[[sim text="${'slowly '.repeat(100)}" deltas=100 delta_ms=50]]`;
    const { id } = dataOf(await user.api.POST(RUNS, { params: { header }, body: { input } }));
    expect((await read(user, server)).runs).toEqual({ total: 1, succeeded: 0, failed: 0 });
    await user.api.POST('/api/v1/ai/runs/{id}/cancel', at(id));
  });
});

// Without a Redis at 127.0.0.1:6379 there is nothing to share.
(withRedis ? describe : describe.skip)('statistics that replicas share by Redis', () => {
  const proxy = new LossyProxy(REDIS);
  let server: TestServer;

  beforeAll(async () => {
    await redis('FLUSHDB');
    await proxy.open();
    const REDIS_URL = `${proxy.through('redis://127.0.0.1:6379').replace(/\/$/, '')}/${DATABASE}`;
    server = await start({ REDIS_URL });
  });
  afterAll(async () => {
    await server.dispose();
    await proxy.cut();
    await redis('FLUSHDB');
  });

  const keys = async (): Promise<string[]> =>
    (await redis('KEYS *:statistics:*')).split('\r\n').filter((line) => line.startsWith('dossier:'));

  /** The key of a user's entry in Redis. */
  async function keptFor(user: TestUser, by = server): Promise<string> {
    return until('A shared entry', async () => {
      await ask(user, by);
      return (await keys()).find((key) => key.endsWith(`:${user.id}`)) ?? false;
    });
  }

  it('outlive the process that computed them', async () => {
    const user = await newUser(server.baseUrl);
    await keptFor(user);
    const first = await read(user, server);
    await user.api.POST('/api/v1/research-items', { body: { title: 'Tides' } });
    await server.stop();
    await server.restart();
    await until('The shared entry', async () => (await read(user, server)).computed_at === first.computed_at);
    expect(await read(user, server)).toEqual(first);
  });

  it.each([
    'garbage',
    'null',
    '5',
    '{}',
    '{"value":5,"expires":9007199254740991}',
    '{"value":{"at":1,"value":{}},"expires":9007199254740991}',
    '{"value":{"at":9007199254740991,"value":{}},"expires":9007199254740991}',
    '{"value":{"value":{"prompts":1},"at":NOW},"expires":9007199254740991}',
  ])('are computed anew where Redis has %s', async (garbage) => {
    const known = await newUser(server.baseUrl);
    const key = await keptFor(known);
    const user = await newUser(server.baseUrl);
    const text = garbage.replace('NOW', String(Date.now()));
    const theirs = key.replace(/\d+$/, String(user.id));
    expect(await redis(`SET ${theirs} ${JSON.stringify(text)}`)).toContain('+OK\r\n+OK');
    const answer = await ask(user, server);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ research_items: 0 });
    expect(await redis(`GET ${theirs}`)).toContain('"researchItems":0');
  });

  it('are those of their own database, and so are the turns to compute them', async () => {
    const other = await start({ REDIS_URL: `redis://127.0.0.1:6379/${DATABASE}` });
    await keptFor(await newUser(server.baseUrl));
    await redis('FLUSHDB');
    await keptFor(await newUser(server.baseUrl));
    await keptFor(await newUser(other.baseUrl), other);
    await other.dispose();
    expect(new Set((await keys()).map((key) => key.split(':')[1])).size).toBe(2);
  });

  it('are left to whoever is at it already, for a while', async () => {
    const key = await keptFor(await newUser(server.baseUrl));
    const user = await newUser(server.baseUrl);
    const theirs = key.replace(/\d+$/, String(user.id));
    await redis(`SET ${theirs}:turn 1 PX 60000`);
    const asked = read(user, server);
    const value = { researchItems: 7, prompts: 0, runs: { total: 0, succeeded: 0, failed: 0 }, costNanoUsd: 0 };
    const entry = { value: { value: { ...value, tokens: { input: 0, output: 0 } }, at: Date.now() } };
    await redis(`SET ${theirs} ${JSON.stringify(JSON.stringify({ ...entry, expires: Date.now() + 60_000 }))}`);
    expect(await asked).toMatchObject({ research_items: 7 });
  });

  it('are kept by each process while Redis is away', async () => {
    await keptFor(await newUser(server.baseUrl));
    await proxy.cut();
    const user = await newUser(server.baseUrl);
    const first = await read(user, server);
    await user.api.POST('/api/v1/research-items', { body: { title: 'Tides' } });
    expect(await read(user, server)).toEqual(first);
    expect(server.log('redis_unavailable')).toHaveLength(1);
    await proxy.open();
    await until('Redis again', () => server.log('redis_available').length > 0);
  });
});
