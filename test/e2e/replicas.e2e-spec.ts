import { type Batch, BATCHES, over, readBatch, resultsOf } from '../support/batches.js';
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
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { withRedis } from '../support/redis.js';
import { describeReplicas, Replicas } from '../support/replicas.js';
import type { TestServer } from '../support/server.js';
import { sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';
import { readEvents, type SseEvent, wireOf } from '../support/sse.js';
import { until } from '../support/until.js';

type Run = Schemas['RunResponse'];

const RUNS = '/api/v1/ai/runs';
const TWINS = 25;
const LIMIT = 100_000;
/** An answer of sixty pieces over some seven seconds. */
const SLOW = `[[sim text="${'slowly '.repeat(60)}" deltas=60 delta_ms=120]]`;
/** An answer that does not come before the test is over. */
const NEVER = '[[sim slow_ms=50000]]';
const AT_ONCE = { header: { Prefer: 'wait=0' } };

const at = (id: number): { params: { path: { id: number } } } => ({ params: { path: { id } } });

describeReplicas('two processes on one PostgreSQL and one Redis', () => {
  let replicas: Replicas;
  let a: TestServer;
  let b: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    replicas = await Replicas.start(2, { RATE_LIMIT_PER_MINUTE: String(LIMIT) });
    [a, b] = replicas.servers as [TestServer, TestServer];
  }, 60_000);
  afterAll(() => replicas.dispose());
  beforeEach(async () => {
    user = await newUser(a.baseUrl);
  });

  const apiOf = (server: TestServer) => clientFor(user.key, server.baseUrl);
  const either = (index: number): TestServer => (index % 2 === 0 ? a : b);
  const readRun = async (server: TestServer, id: number): Promise<Run> =>
    dataOf(await apiOf(server).GET('/api/v1/ai/runs/{id}', at(id)));
  const begin = async (server: TestServer, input: string): Promise<number> =>
    dataOf(await apiOf(server).POST(RUNS, { params: AT_ONCE, body: { input } })).id;
  const eventsOf = (server: TestServer, id: number, headers: Record<string, string> = {}): Promise<Response> =>
    raw(`${RUNS}/${id}/events`, { key: user.key, baseUrl: server.baseUrl, headers });
  /** Runs that a server has begun to work on. */
  const begunBy = (server: TestServer): Set<unknown> =>
    new Set(server.log('claude_query_started').map(({ run_id }) => run_id));

  it('refuses on one, within 5 s, a key that was revoked on the other', async () => {
    const made = dataOf(await apiOf(a).POST('/api/v1/api-keys', { body: { name: 'short-lived' } }));
    const ask = ({ baseUrl }: TestServer): Promise<Response> => raw('/api/v1/me', { key: made.key, baseUrl });
    expect([(await ask(a)).status, (await ask(b)).status]).toEqual([200, 200]);
    await apiOf(a).DELETE('/api/v1/api-keys/{id}', at(made.id));
    await until('The refusal by the other', async () => (await ask(b)).status === 401, 5000);
    expect((await ask(a)).status).toBe(401);
  });

  it('resumes on one a stream that was begun on the other, live and finished, byte for byte', async () => {
    const headers = { accept: 'text/event-stream' };
    const response = await raw(RUNS, {
      method: 'POST',
      key: user.key,
      baseUrl: a.baseUrl,
      headers,
      json: { input: `Stream. ${SLOW}` },
    });
    const seen = await readEvents(response, (events) => events.length >= 5);
    const { id } = seen[0]!.data as Run;
    const middle = await eventsOf(b, id, { 'last-event-id': String(seen.length) });
    const more = await readEvents(middle, (events) => events.length >= 2);
    expect((await readRun(b, id)).status).toBe('running');
    const [rest, whole] = await Promise.all([
      eventsOf(a, id, { 'last-event-id': String(seen.length + more.length) }).then((events) => readEvents(events)),
      eventsOf(b, id).then((events) => readEvents(events)),
    ]);
    const parts: SseEvent[] = [...seen, ...more, ...rest];
    expect(parts.at(-1)).toMatchObject({ name: 'succeeded', data: await readRun(b, id) });
    for (const server of [a, b]) {
      expect(wireOf(await readEvents(await eventsOf(server, id)))).toBe(wireOf(parts));
    }
    expect(wireOf(whole)).toBe(wireOf(parts));
  });

  it('works in both on a batch that one accepted, each query once, and shows it alike', async () => {
    const marker = unique('shared');
    const queries = Array.from({ length: 120 }, (_, n) => ({ input: `${n} ${marker} [[sim slow_ms=150]]` }));
    const { id } = dataOf(await apiOf(a).POST(BATCHES, { body: { queries } }));
    const followed = readEvents(await raw(`${BATCHES}/${id}/events`, { key: user.key, baseUrl: b.baseUrl }));
    const batch = await over(apiOf(b), id);
    expect(batch).toMatchObject({ status: 'finished', counts: { total: 120, succeeded: 120 } });
    expect((await followed).at(-1)).toMatchObject({ name: 'finished', data: batch });
    const results = await resultsOf(user, id, b.baseUrl);
    expect(results.map(({ index }) => index)).toEqual(queries.map((_, index) => index));
    expect(await resultsOf(user, id, a.baseUrl)).toEqual(results);
    const ids = results.map(({ run_id }) => run_id);
    const [byA, byB] = [begunBy(a), begunBy(b)].map((begun) => ids.filter((run) => begun.has(run)).length);
    expect(byA! + byB!).toBe(120);
    expect(Math.min(byA!, byB!)).toBeGreaterThan(10);
    expect(await upstreamCalls(sharedStack().simulatorUrl, marker)).toHaveLength(120);
  }, 60_000);

  it('cancels by one a batch that the other accepted, wherever its runs are', async () => {
    const queries = Array.from({ length: 30 }, (_, n) => ({ input: `${n} ${NEVER}` }));
    const { id } = dataOf(await apiOf(a).POST(BATCHES, { body: { queries } }));
    const running = async (): Promise<Batch> => readBatch(apiOf(b), id);
    await until('Work in both', async () => (await running()).counts.running === 8);
    expect((await apiOf(b).POST('/api/v1/ai/batches/{id}/cancel', at(id))).response.status).toBe(202);
    expect(await over(apiOf(a), id)).toMatchObject({ status: 'cancelled', counts: { cancelled: 30 } });
  }, 60_000);

  it('cancels by one a run that the other works on, and tells who waits there', async () => {
    const input = `${unique('wait')} ${NEVER}`;
    const waiting = raw(RUNS, { method: 'POST', key: user.key, baseUrl: a.baseUrl, json: { input } });
    const id = await until('The run', async () => dataOf(await apiOf(b).GET(RUNS)).items[0]?.id);
    const answer = await apiOf(b).POST('/api/v1/ai/runs/{id}/cancel', at(id));
    expect(answer.response.status).toBe(202);
    await expectProblem(await waiting, 'run-cancelled');
    expect(await readRun(b, id)).toMatchObject({ status: 'cancelled', error: { type: '/problems/run-cancelled' } });
    const again = await apiOf(b).POST('/api/v1/ai/runs/{id}/cancel', at(id));
    await expectProblem(again, 'conflict');
  });

  it.each<[string, string, (marker: string) => unknown]>([
    ['run', RUNS, (marker) => ({ input: `${marker} [[sim slow_ms=300]]` })],
    ['batch', BATCHES, (marker) => ({ queries: [{ input: marker }, { input: marker }] })],
    ['research item', '/api/v1/research-items', (marker) => ({ title: marker })],
  ])(`makes one %s of ${TWINS} identical POSTs that come to both at once`, async (_, path, bodyOf) => {
    const marker = unique('twin');
    const headers = { 'idempotency-key': unique('key') };
    const answers = await Promise.all(
      Array.from({ length: TWINS }, (__, n) =>
        raw(path, { method: 'POST', key: user.key, baseUrl: either(n).baseUrl, headers, json: bodyOf(marker) }),
      ),
    );
    const made = answers.filter(({ status }) => status < 300);
    const busy = answers.filter(({ status }) => status >= 300);
    for (const answer of busy) {
      expect(answer.headers.get('retry-after')).not.toBeNull();
      await expectProblem(answer, 'request-in-progress');
    }
    expect(made.filter(({ headers: told }) => !told.has('idempotency-replayed'))).toHaveLength(1);
    const ids = await Promise.all(made.map(async (answer) => ((await answer.json()) as { id: number }).id));
    expect(new Set(ids).size).toBe(1);
    const listed = await raw(path, { key: user.key, baseUrl: b.baseUrl });
    expect(((await listed.json()) as { items: { id: number }[] }).items.map(({ id }) => id)).toEqual([ids[0]]);
    const late = await raw(path, { method: 'POST', key: user.key, baseUrl: b.baseUrl, headers, json: bodyOf(marker) });
    expect(late.headers.get('idempotency-replayed')).toBe('true');
    expect(((await late.json()) as { id: number }).id).toBe(ids[0]);
    const other = await raw(path, {
      method: 'POST',
      key: user.key,
      baseUrl: b.baseUrl,
      headers,
      json: bodyOf('other'),
    });
    await expectProblem(other, 'idempotency-key-reused');
  });

  it('sells a budget once, however many ask both for it', async () => {
    const body = { input: NEVER, settings: { model: 'claude-sonnet-5-5', max_tokens: 99 } };
    const post = (server: TestServer) => apiOf(server).POST(RUNS, { params: AT_ONCE, body });
    const runs = [dataOf(await post(a)).id];
    const { reserved_usd: price } = dataOf(await apiOf(b).GET('/api/v1/me'));
    expect(price).toBeGreaterThan(0);
    const budget = Number((price * 10).toFixed(9));
    const patched = await adminClient(b.baseUrl).PATCH('/api/v1/users/{id}', {
      ...at(user.id),
      body: { budget_usd: budget },
    });
    expect(patched.response.status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => post(either(n))));
    runs.push(...answers.flatMap(({ data }) => data?.id ?? []));
    for (const answer of answers) if (!answer.data) await expectProblem(answer, 'budget-exceeded');
    expect(runs).toHaveLength(10);
    for (const server of [a, b]) {
      expect(dataOf(await apiOf(server).GET('/api/v1/me'))).toMatchObject({ reserved_usd: budget, spent_usd: 0 });
    }
    await Promise.all(runs.map((id, n) => apiOf(either(n)).POST('/api/v1/ai/runs/{id}/cancel', at(id))));
    await until('The ends', async () => dataOf(await apiOf(b).GET('/api/v1/me')).reserved_usd === 0);
  });

  it('runs in one, within a moment, what waits in the queue of the other', async () => {
    const taken = await Promise.all(Array.from({ length: 4 }, () => begin(a, NEVER)));
    const params = { header: { Prefer: 'respond-async' } };
    const { id } = dataOf(await apiOf(a).POST(RUNS, { params, body: { input: unique('queued') } }));
    await until('The end of the queued run', async () => (await readRun(a, id)).status === 'succeeded');
    expect(begunBy(b).has(id)).toBe(true);
    await Promise.all(taken.map((run) => apiOf(b).POST('/api/v1/ai/runs/{id}/cancel', at(run))));
  });

  // Without a Redis at 127.0.0.1:6379 each process would count for itself.
  (withRedis ? it : it.skip)('counts the requests of a user together, by Redis', async () => {
    // A process counts for itself while Redis is slower than a request may wait.
    await eventually(async () => {
      const { key } = await newUser(a.baseUrl);
      const counts: number[] = [];
      for (let n = 0; n < 8; n += 1) {
        const { headers } = await raw('/api/v1/me', { key, baseUrl: either(n).baseUrl });
        counts.push(Number(headers.get('ratelimit-remaining')));
      }
      expect(counts).toEqual(counts.map((_, index) => LIMIT - 1 - index));
    }, 20_000);
  });
});

describeReplicas('processes that start at the same moment on an empty database', () => {
  it('migrate it once, make one admin, and serve', async () => {
    const replicas = await Replicas.start(3);
    const twice = await replicas.sql('select name from migrations group by name having count(*) > 1');
    const [found] = await replicas.sql<{ migrations: number; users: number; keys: number }>(
      `select (select count(*)::integer from migrations) as migrations, (select count(*)::integer from users) as users,
         (select count(*)::integer from api_keys) as keys`,
    );
    expect(twice).toEqual([]);
    expect(found).toMatchObject({ users: 1, keys: 1 });
    expect(found!.migrations).toBeGreaterThan(5);
    for (const { baseUrl } of replicas.servers) {
      expect((await raw('/health/ready', { key: null, baseUrl })).status).toBe(200);
      expect(dataOf(await adminClient(baseUrl).GET('/api/v1/me')).scopes).toContain('admin');
    }
    await replicas.dispose();
  }, 60_000);
});
