import { type Api, clientFor, dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectProblem, withoutId } from '../support/problems.js';
import { onPostgres } from '../support/server-storage.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';
import { readEvents } from '../support/sse.js';
import { until } from '../support/until.js';

type Run = Schemas['RunResponse'];

const RUNS = '/api/v1/ai/runs';
/** An answer of two hundred pieces over some ten seconds: nobody waits for its end. */
const LONG = `[[sim text="${'slowly '.repeat(200)}" deltas=200 delta_ms=50]]`;
const QUEUED = { header: { Prefer: 'respond-async' } };
const AT_ONCE = { header: { Prefer: 'wait=0' } };

const at = (id: number): { params: { path: { id: number } } } => ({ params: { path: { id } } });
const cancel = async (api: Api, id: number): Promise<Run> =>
  dataOf(await api.POST('/api/v1/ai/runs/{id}/cancel', at(id)));
const read = async (api: Api, id: number): Promise<Run> => dataOf(await api.GET('/api/v1/ai/runs/{id}', at(id)));

async function cancelled(api: Api, id: number): Promise<Run> {
  return until(`The cancellation of run ${id}`, async () => {
    const run = await read(api, id);
    return run.finished_at !== null && run;
  });
}

async function money(api: Api): Promise<{ reserved: number; spent: number }> {
  const { reserved_usd, spent_usd } = dataOf(await api.GET('/api/v1/me'));
  return { reserved: reserved_usd, spent: spent_usd };
}

describe('cancelling a run', () => {
  let user: TestUser;

  beforeEach(async () => {
    user = await newUser();
  });

  it('that is running gives up its call, and keeps and prices what was seen', async () => {
    const { id } = dataOf(await user.api.POST(RUNS, { params: AT_ONCE, body: { input: LONG } }));
    const following = await raw(`${RUNS}/${id}/events`, { key: user.key });
    await readEvents(following, ({ length }) => length > 2);
    const answer = await user.api.POST('/api/v1/ai/runs/{id}/cancel', at(id));
    expect(answer.response.status).toBe(202);
    expect(answer.response.headers.get('location')).toBe(`${RUNS}/${id}`);
    const run = dataOf(answer);
    expect(run).toMatchObject({
      status: 'cancelled',
      error: { type: '/problems/run-cancelled' },
      attempts: [{ number: 1, status_code: 200, error_type: 'cancelled' }],
      billing: { state: 'unknown' },
    });
    expect(run.output_text).toMatch(/^slowly slowly/);
    expect(run.output_text!.length).toBeLessThan('slowly '.length * 200);
    expect(run.billing.min_usd).toBeGreaterThan(0);
    expect(run.billing.max_usd!).toBeGreaterThan(run.billing.min_usd);
    expect(await read(user.api, id)).toEqual(run);
    expect(await money(user.api)).toEqual({ reserved: 0, spent: run.billing.max_usd });
  });

  it('that ends at the same moment is either cancelled, or told to have ended', async () => {
    const ids: number[] = [];
    for (let asked = 0; asked < 40; asked += 1) {
      const body = { input: `[[sim text="quick" slow_ms=${asked}]]` };
      ids.push(dataOf(await user.api.POST(RUNS, { params: AT_ONCE, body })).id);
    }
    const outcomes = ids.map(async (id) => {
      const { response } = await user.api.POST('/api/v1/ai/runs/{id}/cancel', at(id));
      return [response.status, (await cancelled(user.api, id)).status === 'cancelled'] as const;
    });
    for (const [status, wasCancelled] of await Promise.all(outcomes)) expect(status).toBe(wasCancelled ? 202 : 409);
  });

  it('tells those who wait for it, and ends their streams', async () => {
    const marker = unique('waiting');
    const waiting = user.api.POST(RUNS, { body: { input: `${marker} ${LONG}` } });
    const streaming = raw(RUNS, {
      method: 'POST',
      key: user.key,
      json: { input: `${marker} ${LONG}` },
      headers: { accept: 'text/event-stream' },
    });
    const running = await until('Both runs', async () => {
      const { items } = dataOf(await user.api.GET(RUNS, { params: { query: { status: 'running' } } }));
      return items.length === 2 && items;
    });
    await until('Both calls', async () => (await upstreamCalls(sharedStack().simulatorUrl, marker)).length === 2);
    for (const { id } of running) await cancel(user.api, id);
    const problem = await expectProblem(await waiting, 'run-cancelled');
    expect(running.map(({ id }) => id)).toContain(problem.run_id);
    const events = await readEvents(await streaming);
    expect(events.filter(({ name }) => !['run', 'delta', 'usage'].includes(name))).toMatchObject([
      { name: 'cancelled', data: { status: 'cancelled' } },
    ]);
  });

  it('that waits for its next attempt ends the wait', async () => {
    const input = '[[sim status=529 retry_after_ms=1900]]';
    const body = { input, settings: { model: 'claude-opus-4-8' } };
    const { id } = dataOf(await user.api.POST(RUNS, { params: AT_ONCE, body }));
    await until('The first failure', async () => (await read(user.api, id)).attempts[0]?.status_code === 529);
    expect(await cancel(user.api, id)).toMatchObject({
      status: 'cancelled',
      attempts: [{ number: 1, status_code: 529 }],
      billing: { state: 'none', max_usd: 0 },
    });
  });

  it('is idempotent while it is under way, and a conflict afterwards', async () => {
    const { id } = dataOf(await user.api.POST(RUNS, { body: { input: 'Quick.' } }));
    const answer = await user.api.POST('/api/v1/ai/runs/{id}/cancel', at(id));
    expect((await expectProblem(answer, 'conflict')).detail).toBe(`Run ${id} has already succeeded`);
    expect(await read(user.api, id)).toMatchObject({ status: 'succeeded' });

    const long = dataOf(await user.api.POST(RUNS, { params: AT_ONCE, body: { input: LONG } }));
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => user.api.POST('/api/v1/ai/runs/{id}/cancel', at(long.id))),
    );
    expect(answers.every(({ response }) => [202, 409].includes(response.status))).toBe(true);
    expect(answers.some(({ response }) => response.status === 202)).toBe(true);
    await expectProblem(await user.api.POST('/api/v1/ai/runs/{id}/cancel', at(long.id)), 'conflict');
  });

  it("answers another user's run as one that does not exist", async () => {
    const { id } = dataOf(await user.api.POST(RUNS, { params: AT_ONCE, body: { input: LONG } }));
    const other = await newUser();
    const post = (run: number): Promise<Response> => raw(`${RUNS}/${run}/cancel`, { method: 'POST', key: other.key });
    const foreign = await expectProblem(await post(id), 'run-not-found');
    const missing = await expectProblem(await post(999_999_999), 'run-not-found');
    const strip = ({ request_id: _, ...rest }: typeof foreign, run: number): string =>
      withoutId(JSON.stringify(rest), run);
    expect(strip(foreign, id)).toBe(strip(missing, 999_999_999));
    expect(await cancel(user.api, id)).toMatchObject({ status: 'cancelled' });
  });

  it('needs the scope run', async () => {
    const { id } = dataOf(await user.api.POST(RUNS, { body: { input: 'Quick.' } }));
    const reader = dataOf(await user.api.POST('/api/v1/api-keys', { body: { name: 'reader', scopes: ['read'] } }));
    await expectProblem(await clientFor(reader.key).POST('/api/v1/ai/runs/{id}/cancel', at(id)), 'forbidden');
  });
});

describe('cancelling a queued run', () => {
  let server: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    const env = { ...liveAgainst(simulatorUrl), CLAUDE_MAX_CONCURRENCY: '1', CLAUDE_DEADLINE_MS: '30000' };
    server = await TestServer.start({ folder, template, env });
    user = await newUser(server.baseUrl);
  });
  afterAll(() => server.dispose());

  it('costs nothing: it is never sent', async () => {
    const marker = unique('queued');
    const first = dataOf(await user.api.POST(RUNS, { params: AT_ONCE, body: { input: LONG } }));
    const queued = dataOf(await user.api.POST(RUNS, { params: QUEUED, body: { input: marker } }));
    const waiting = dataOf(await user.api.POST(RUNS, { params: AT_ONCE, body: { input: marker } }));
    expect([queued.status, waiting.status]).toEqual(['queued', 'running']);
    for (const { id } of [queued, waiting]) {
      await cancel(user.api, id);
      expect(await cancelled(user.api, id)).toMatchObject({
        status: 'cancelled',
        cost_usd: 0,
        billing: { state: 'none', min_usd: 0, max_usd: 0 },
        output_text: null,
      });
    }
    const events = await readEvents(
      await raw(`${RUNS}/${queued.id}/events`, { key: user.key, baseUrl: server.baseUrl }),
    );
    expect(events.map(({ name }) => name)).toEqual(['run', 'cancelled']);
    const { billing } = await cancel(user.api, first.id);
    const next = dataOf(await user.api.POST(RUNS, { body: { input: 'The place is free again.' } }));
    expect(next.status).toBe('succeeded');
    expect(await upstreamCalls(sharedStack().simulatorUrl, marker)).toEqual([]);
    const { reserved, spent } = await money(user.api);
    expect(reserved).toBe(0);
    expect(spent).toBeCloseTo(billing.max_usd! + next.cost_usd!, 9);
  });
});

(onPostgres ? describe : describe.skip)('cancelling a run of another replica', () => {
  it('reaches it through the database', async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    const one = await TestServer.start({ folder, template, env: liveAgainst(simulatorUrl) });
    const two = await TestServer.start({ folder, storage: one.storage, env: liveAgainst(simulatorUrl), keep: true });
    const user = await newUser(one.baseUrl);
    const { id } = dataOf(await user.api.POST(RUNS, { params: AT_ONCE, body: { input: LONG } }));
    const elsewhere = clientFor(user.key, two.baseUrl);
    // The other one looks every half a second: it may have seen the wish by the time of the answer.
    expect(['running', 'cancelled']).toContain((await cancel(elsewhere, id)).status);
    expect(await cancelled(elsewhere, id)).toMatchObject({ status: 'cancelled', billing: { state: 'unknown' } });
    await two.dispose();
    await one.dispose();
  });
});
