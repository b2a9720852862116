import { setTimeout as sleep } from 'node:timers/promises';
import { dataOf, newUser, raw, type TestUser } from '../support/client.js';
import { HeldClaude } from '../support/held-claude.js';
import { expectProblem } from '../support/problems.js';
import { figure } from '../support/metrics.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { until } from '../support/until.js';

const RUNS = '/api/v1/ai/runs';
const PLACES = 2;
/** Calls that may wait for a place, in a process with few places. */
const MAY_WAIT = 1000;
const AT_ONCE = { header: { Prefer: 'wait=0' } };

describe('places for calls in flight', () => {
  let claude: HeldClaude;
  let server: TestServer;
  let user: TestUser;

  beforeEach(async () => {
    const { folder, template } = sharedStack();
    claude = await HeldClaude.start();
    const patience = { CLAUDE_TIMEOUT_MS: '60000', CLAUDE_DEADLINE_MS: '60000' };
    const env = { ...liveAgainst(claude.baseUrl), ...patience, CLAUDE_MAX_CONCURRENCY: String(PLACES) };
    server = await TestServer.start({ folder, template, env });
    user = await newUser(server.baseUrl);
  });
  afterEach(async () => {
    claude.releaseAll();
    await server.dispose();
    claude.stop();
  });

  async function ask(): Promise<number> {
    return dataOf(await user.api.POST(RUNS, { params: AT_ONCE, body: { input: 'Hold this.' } })).id;
  }

  const succeeded = (count: number): Promise<boolean> =>
    until(
      `${count} answers`,
      async () => (await figure(server, 'dossier_runs_total{status="succeeded"}')) === count,
      60_000,
    );

  it('bound what Claude gets at once, whoever waits, and are all used', async () => {
    const waiting = Array.from({ length: 5 }, () => user.api.POST(RUNS, { body: { input: 'Hold this.' } }));
    for (let index = 0; index < 5; index += 1) await ask();
    const queued = { header: { Prefer: 'respond-async' } };
    for (let index = 0; index < 5; index += 1) await user.api.POST(RUNS, { params: queued, body: { input: 'Hold.' } });
    await until('Both places', () => claude.inFlight === PLACES);
    expect(await figure(server, 'dossier_claude_calls_in_flight')).toBe(PLACES);
    claude.releaseAll();
    expect((await Promise.all(waiting)).every(({ response }) => response.status === 201)).toBe(true);
    await succeeded(15);
    expect([claude.most, claude.calls]).toEqual([PLACES, 15]);
    expect(await figure(server, 'dossier_claude_calls_in_flight')).toBe(0);
  });

  it('are free again when who had or awaited one is gone', async () => {
    const ids = [await ask(), await ask(), await ask()];
    await until('Both places', () => claude.inFlight === PLACES);
    // The third waits in the queue, and leaves it; the first leaves its call.
    for (const id of [ids[2]!, ids[0]!])
      await user.api.POST('/api/v1/ai/runs/{id}/cancel', { params: { path: { id } } });
    await until('A free place', () => claude.inFlight === PLACES - 1);
    const last = await ask();
    await until('Both places', () => claude.inFlight === PLACES);
    claude.releaseAll();
    await succeeded(2);
    const run = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', { params: { path: { id: last } } }));
    expect([run.status, claude.calls]).toEqual(['succeeded', 3]);
  });

  it('are waited for until the deadline: runs that it cuts off tell nothing of Claude, which is well', async () => {
    const { folder, template } = sharedStack();
    const env = { ...liveAgainst(claude.baseUrl), CLAUDE_TIMEOUT_MS: '1000', CLAUDE_DEADLINE_MS: '2000' };
    const hurried = await TestServer.start({ folder, template, env: { ...env, CLAUDE_MAX_CONCURRENCY: '1' } });
    const answering = setInterval(() => claude.release(), 150);
    const asker = await newUser(hurried.baseUrl);
    const ask = { method: 'POST', key: asker.key, baseUrl: hurried.baseUrl, json: { input: 'Who is first?' } };
    const outcome = async (): Promise<string> => {
      const { type } = (await (await raw(RUNS, ask)).json()) as { type?: string };
      return type ?? 'answered';
    };
    const asked: Promise<string>[] = [];
    // One after another, so that each has its place for some milliseconds when those before it have reached their deadline.
    for (let count = 0; count < 150; count += 1) {
      asked.push(outcome());
      await sleep(10);
    }
    const outcomes = await Promise.all(asked);
    clearInterval(answering);
    expect(new Set(outcomes)).toEqual(new Set(['answered', '/problems/claude-timeout']));
    expect(dataOf(await asker.api.GET('/api/v1/me')).reserved_usd).toBe(0);
    await hurried.dispose();
  });

  it('are waited for by so many and no more: then the answer is 503 at once', async () => {
    for (let asked = 0; asked < PLACES + MAY_WAIT; asked += 50) {
      const batch = Math.min(50, PLACES + MAY_WAIT - asked);
      await Promise.all(Array.from({ length: batch }, ask));
    }
    const ways: Record<string, string>[] = [{}, { prefer: 'wait=0' }, { accept: 'text/event-stream' }];
    for (const headers of ways) {
      const request = { method: 'POST', key: user.key, baseUrl: server.baseUrl, json: { input: 'Too many.' }, headers };
      const refused = await raw(RUNS, request);
      await expectProblem(refused, 'overloaded');
      expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    // What may wait in the database is not refused.
    const queued = { header: { Prefer: 'respond-async' } };
    expect((await user.api.POST(RUNS, { params: queued, body: { input: 'Later.' } })).response.status).toBe(202);
    claude.release();
    await until('The next call', () => claude.calls > PLACES);
    const accepted = await user.api.POST(RUNS, { params: AT_ONCE, body: { input: 'One has gone.' } });
    expect(accepted.response.status).toBe(202);
    claude.releaseAll();
    await succeeded(PLACES + MAY_WAIT + 2);
    expect(claude.most).toBe(PLACES);
    expect(dataOf(await user.api.GET('/api/v1/me')).reserved_usd).toBe(0);
  }, 90_000);
});
