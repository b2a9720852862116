import { dataOf, newUser, raw, type TestUser } from '../support/client.js';
import { expectNoSecrets, failedRun, nextModel, type Run } from '../support/fault-runs.js';
import { LossyProxy } from '../support/lossy-proxy.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, PATIENT_CLAUDE, sharedStack } from '../support/shared-stack.js';
import { SilentPort } from '../support/silent-port.js';
import { readEvents } from '../support/sse.js';
import { until } from '../support/until.js';

const RUNS = '/api/v1/ai/runs';
const TIMEOUT_MS = 2000;
/** No row may hang: this is no measure of speed. */
const HANG_MS = 15_000;

function serverAgainst(url: string, env: Record<string, string> = {}): Promise<TestServer> {
  const { folder, template } = sharedStack();
  const limits = { CLAUDE_TIMEOUT_MS: String(TIMEOUT_MS), ...env };
  return TestServer.start({ folder, template, env: { ...liveAgainst(url), ...limits } });
}

describe('a Claude to which no connection can be made', () => {
  let silent: SilentPort;

  beforeAll(async () => {
    silent = await SilentPort.start();
  });
  afterAll(() => silent.stop());

  const simulatorPort = (): string => new URL(sharedStack().simulatorUrl).port;

  it.each([
    ['refuses it', () => 'http://127.0.0.1:1', /^ECONNREFUSED$/, 0],
    // The time to connect is a part of the time to the first byte, so that there is some left to tell one from the other.
    ['never takes it', () => `http://127.0.0.1:${silent.port}`, /^UND_ERR_CONNECT_TIMEOUT$/, 3 * (TIMEOUT_MS / 2)],
    ['has no address', () => 'http://claude.invalid', /^(ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/, 0],
    ['speaks no TLS', () => `https://127.0.0.1:${simulatorPort()}`, /SSL|TLS/, 0],
  ])('since it %s is unreachable: tried three times, and nothing billed', async (_, url, errorType, minMs) => {
    const server = await serverAgainst(url());
    const { run, problem, response, elapsedMs, me, calls } = await failedRun(server, 'Hello?', 'claude-unreachable');
    expect(run).toMatchObject({
      status: 'failed',
      error: { type: '/problems/claude-unreachable', detail: problem.detail },
      output_text: null,
      usage: null,
      cost_usd: 0,
      billing: { state: 'none', min_usd: 0, max_usd: 0 },
    });
    expect(run.attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
    for (const attempt of run.attempts) {
      expect(attempt).toMatchObject({ status_code: null, claude_request_id: null });
      expect(attempt.error_type).toMatch(errorType);
    }
    expect([me.reserved_usd, me.spent_usd, calls]).toEqual([0, 0, []]);
    expect(response.headers.get('retry-after')).toBeNull();
    expect(elapsedMs).toBeGreaterThanOrEqual(minMs + 2 * 10);
    expect(elapsedMs).toBeLessThan(HANG_MS);
    expect(JSON.stringify(problem)).not.toMatch(/127\.0\.0\.1|invalid|ECONN|ENOT|SSL|UND_ERR/);
    expectNoSecrets(server, ['Hello?']);
    await server.dispose();
  });

  it('tells a stream of it once', async () => {
    const server = await serverAgainst(`http://127.0.0.1:${silent.port}`, { CLAUDE_MAX_ATTEMPTS: '2' });
    const { key } = await newUser(server.baseUrl);
    const headers = { accept: 'text/event-stream' };
    const request = { method: 'POST', key, baseUrl: server.baseUrl, json: { input: 'Hello?' }, headers };
    const events = await readEvents(await raw(RUNS, request));
    expect(events.map(({ name }) => name)).toEqual(['run', 'failed']);
    expect(events[1]?.data).toMatchObject({ error: { type: '/problems/claude-unreachable' } });
    await server.dispose();
  });
});

describe('a way to Claude that is lost for a moment', () => {
  let proxy: LossyProxy;
  let server: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    const { simulatorUrl } = sharedStack();
    proxy = await LossyProxy.to(simulatorUrl);
    // Long enough waits for the way to come back in one of them.
    const waits = { ...PATIENT_CLAUDE, CLAUDE_BACKOFF_MIN_MS: '400', CLAUDE_BACKOFF_MAX_MS: '800' };
    server = await serverAgainst(proxy.through(simulatorUrl).replace(/\/$/, ''), waits);
    user = await newUser(server.baseUrl);
  });
  afterAll(async () => {
    await server.dispose();
    await proxy.cut();
  });

  const ask = async (input: string): Promise<Run> =>
    dataOf(await user.api.POST(RUNS, { body: { input, settings: { model: nextModel() } } }));

  it('between two runs costs nothing: the next one connects anew', async () => {
    expect((await ask('One.')).attempts).toHaveLength(1);
    proxy.reset();
    expect((await ask('Two.')).attempts).toMatchObject([{ number: 1, status_code: 200, error_type: null }]);
  });

  it('when a run begins costs an attempt that is not billed', async () => {
    await proxy.cut();
    const running = ask('Three.');
    await until('The first attempt', () => server.log('claude_attempt_failed').length > 0);
    await proxy.open();
    const run = await running;
    expect(run).toMatchObject({ status: 'succeeded', billing: { state: 'settled', min_usd: run.cost_usd } });
    expect(run.attempts[0]).toMatchObject({ status_code: null, error_type: 'ECONNREFUSED' });
    expect(run.attempts.at(-1)).toMatchObject({ status_code: 200, error_type: null });
  });
});
