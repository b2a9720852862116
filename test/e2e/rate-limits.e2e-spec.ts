import { newUser, raw, type TestUser } from '../support/client.js';
import { LossyProxy } from '../support/lossy-proxy.js';
import { expectProblem } from '../support/problems.js';
import { forgetCounts, REDIS, redisUrl, withRedis } from '../support/redis.js';
import { TestServer } from '../support/server.js';
import { sharedStack } from '../support/shared-stack.js';
import { until } from '../support/until.js';

const LIMIT = 5;

const ask = ({ key }: TestUser, { baseUrl }: TestServer, path = '/api/v1/me'): Promise<Response> =>
  raw(path, { key, baseUrl });
const left = ({ headers }: Response): number => Number(headers.get('ratelimit-remaining'));

function start(env: Record<string, string>): Promise<TestServer> {
  const { folder, template } = sharedStack();
  return TestServer.start({ folder, template, env: { RATE_LIMIT_PER_MINUTE: String(LIMIT), ...env } });
}

describe('the limit of requests per user', () => {
  it('is told on every answer to a key, and refuses what is beyond it, for that user alone', async () => {
    const server = await start({});
    const user = await newUser(server.baseUrl);
    const answers = [
      await ask(user, server),
      await ask(user, server, '/api/v1/research-items?limit=0'),
      await ask(user, server, '/api/v1/users'),
      await ask(user, server, '/api/v1/ai/runs/1/events'),
      await ask(user, server),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 422, 403, 404, 200]);
    expect(answers.map(left)).toEqual([4, 3, 2, 1, 0]);
    const [first] = answers;
    expect(first!.headers.get('ratelimit-policy')).toBe('"default";q=5;w=60');
    expect(first!.headers.get('ratelimit')).toMatch(/^"default";r=4;t=([1-9]|[1-5]\d|60)$/);
    expect(first!.headers.get('ratelimit-limit')).toBe('5');

    const refused = await ask(user, server);
    await expectProblem(refused, 'rate-limited');
    expect(left(refused)).toBe(0);
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait >= 1 && wait <= 60).toBe(true);
    expect(String(wait)).toBe(refused.headers.get('ratelimit-reset'));
    expect((await ask(await newUser(server.baseUrl), server)).status).toBe(200);
    const open = await raw('/health/live', { key: null, baseUrl: server.baseUrl });
    expect(open.headers.has('ratelimit')).toBe(false);
    expect((await raw('/api/v1/me', { key: null, baseUrl: server.baseUrl })).headers.has('ratelimit')).toBe(false);
    const metrics = await (await raw('/metrics', { key: null, baseUrl: server.baseUrl })).text();
    expect(metrics).toMatch(/^dossier_rate_limited_total 1$/m);
    await server.dispose();
  });

  it('is off at 0, and then not told of', async () => {
    const { baseUrl } = sharedStack();
    const { key } = await newUser();
    const answers = await Promise.all(Array.from({ length: 20 }, () => raw('/api/v1/me', { key, baseUrl })));
    expect(answers.every(({ status, headers }) => status === 200 && !headers.has('ratelimit'))).toBe(true);
  });
});

// Without a Redis at 127.0.0.1:6379 there is nothing to share.
(withRedis ? describe : describe.skip)('the limit that replicas share by Redis', () => {
  let proxy: LossyProxy;

  beforeEach(async () => {
    await forgetCounts();
    proxy = new LossyProxy(REDIS);
    await proxy.open();
  });
  afterEach(() => proxy.cut());

  it('counts in all of them, in each for itself while Redis is away, and in all again when it is back', async () => {
    const REDIS_URL = redisUrl((url) => proxy.through(url));
    const server = await start({ REDIS_URL });
    const user = await newUser(server.baseUrl);
    await until('The connection to Redis', async () => (await ask(user, server)).status === 200);
    await ask(user, server);
    await server.stop();
    await server.restart();
    // The count outlives the process.
    await until('A shared count', async () => left(await ask(user, server)) <= 2);

    await proxy.cut();
    const other = await newUser(server.baseUrl);
    const away = await Promise.all(Array.from({ length: LIMIT + 1 }, () => ask(other, server)));
    expect(away.filter(({ status }) => status === 200)).toHaveLength(LIMIT);
    expect(away.filter(({ status }) => status === 429)).toHaveLength(1);
    expect(server.log('redis_unavailable')).toHaveLength(1);
    expect(server.output()).not.toContain(REDIS_URL);

    await proxy.open();
    await until('Redis again', () => server.log('redis_available').length > 0);
    await server.dispose();
  });

  it('does not keep a server from starting without it', async () => {
    await proxy.cut();
    const server = await start({ REDIS_URL: proxy.through('redis://127.0.0.1:6379') });
    const user = await newUser(server.baseUrl);
    expect((await ask(user, server)).status).toBe(200);
    await until('The warning', () => server.log('redis_unavailable').length > 0);
    expect(server.log('redis_unavailable')).toHaveLength(1);
    expect(await server.stop()).toBe(0);
    await server.dispose();
  });
});
