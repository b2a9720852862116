import { setTimeout as sleep } from 'node:timers/promises';
import { clientFor, dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectProblem } from '../support/problems.js';
import { copiedStorage, onPostgres } from '../support/server-storage.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { LossyProxy } from '../support/lossy-proxy.js';
import { readEvents } from '../support/sse.js';
import { until } from '../support/until.js';

const RUNS = '/api/v1/ai/runs';
const TOLD_WITHIN_MS = 2500;
const HEALED_WITHIN_MS = 5000;

(onPostgres ? describe : describe.skip)('a database that goes away', () => {
  let proxy: LossyProxy;
  let server: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    const storage = await copiedStorage(folder, template);
    const behind = storage.databaseUrl ?? '';
    proxy = await LossyProxy.to(behind);
    const env = { ...liveAgainst(simulatorUrl), DATABASE_URL: proxy.through(behind) };
    server = await TestServer.start({ folder, storage, env });
    user = await newUser(server.baseUrl);
  });
  afterAll(async () => {
    await server.dispose();
    await proxy.cut();
  });

  const get = (path: string): Promise<Response> => raw(path, { key: user.key, baseUrl: server.baseUrl });

  async function expectTold(path: string): Promise<void> {
    const start = Date.now();
    const response = await get(path);
    await expectProblem(response, 'database-unavailable');
    expect(response.headers.get('retry-after')).not.toBeNull();
    expect(Date.now() - start).toBeLessThan(TOLD_WITHIN_MS);
  }

  async function expectHealed(): Promise<void> {
    await until('Healing', async () => (await get('/api/v1/research-items')).ok, HEALED_WITHIN_MS);
    expect((await get('/health/ready')).status).toBe(200);
  }

  async function recorded(id: number, owner = user): Promise<Schemas['RunResponse']> {
    const api = clientFor(owner.key, server.baseUrl);
    return until(
      'The record of the run',
      async () => {
        const present = dataOf(await api.GET('/api/v1/ai/runs/{id}', { params: { path: { id } } }));
        return present.finished_at !== null && present;
      },
      HEALED_WITHIN_MS,
    );
  }

  it.each(['refuses connections', 'falls silent'])(
    'is told of within bounds when it %s, and heals by itself',
    async (way) => {
      await get('/api/v1/me');
      if (way === 'falls silent') proxy.swallow();
      else await proxy.cut();
      for (const path of ['/api/v1/research-items', '/health/ready', '/api/v1/ai/runs']) await expectTold(path);
      await Promise.all(Array.from({ length: 20 }, () => expectTold('/api/v1/research-items')));
      expect((await get('/health/live')).status).toBe(200);
      expect(server.alive).toBe(true);
      await proxy.open();
      await expectHealed();
    },
  );

  it('costs no answer that was under way', async () => {
    const input = `[[sim text="${'kept '.repeat(20)}" deltas=20 delta_ms=50]]`;
    const params = { header: { Prefer: 'wait=0' } };
    const { id } = dataOf(await user.api.POST(RUNS, { params, body: { input } }));
    await sleep(200);
    await proxy.cut();
    await sleep(1500);
    await proxy.open();
    await expectHealed();
    const run = await recorded(id);
    expect(run).toMatchObject({ status: 'succeeded', output_text: 'kept '.repeat(20), billing: { state: 'settled' } });
    expect(run.attempts).toHaveLength(1);
  });

  it('between two attempts costs neither: the second is made when it is back', async () => {
    const owner = await newUser(server.baseUrl);
    const input = `[[sim key=${unique('away')} times=1 status=500 slow_ms=600]] [[sim text="Late."]]`;
    const params = { header: { Prefer: 'wait=0' } };
    const { id } = dataOf(await owner.api.POST(RUNS, { params, body: { input } }));
    await proxy.cut();
    await sleep(2000);
    await proxy.open();
    await expectHealed();
    const run = await recorded(id, owner);
    expect(server.log('run_unrecorded').filter(({ run_id }) => run_id === id)).not.toEqual([]);
    expect(run).toMatchObject({ status: 'succeeded', output_text: 'Late.', billing: { state: 'settled' } });
    expect(run.attempts).toMatchObject([{ status_code: 500 }, { status_code: 200 }]);
    const me = dataOf(await owner.api.GET('/api/v1/me'));
    expect([me.reserved_usd, me.spent_usd]).toEqual([0, run.cost_usd]);
  });

  it('does not keep the process from ending, nor its open streams', async () => {
    const json = { input: `[[sim hang_after=3 deltas=9 text="${'word '.repeat(9)}"]]` };
    const headers = { accept: 'text/event-stream' };
    const response = await raw(RUNS, { method: 'POST', key: user.key, baseUrl: server.baseUrl, headers, json });
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const ended = readEvents(response, ({ length }) => {
      if (length >= 2) begin();
      return false;
    }).catch((error: unknown) => error);
    await begun;
    await proxy.cut();
    expect(await server.stop()).toBe(0);
    await ended;
  }, 60_000);
});
