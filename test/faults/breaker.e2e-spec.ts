import { dataOf, newUser, raw, type TestUser, unique } from '../support/client.js';
import { figure } from '../support/metrics.js';
import { expectProblem } from '../support/problems.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';
import { readEvents } from '../support/sse.js';
import { until } from '../support/until.js';

const RUNS = '/api/v1/ai/runs';
/** So many calls the breaker wants to see. */
const ENOUGH = 20;

describe('the circuit breaker of a model', () => {
  let server: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    const env = { ...liveAgainst(simulatorUrl), CLAUDE_MAX_ATTEMPTS: '1', CLAUDE_TIMEOUT_MS: '2500' };
    server = await TestServer.start({ folder, template, env });
    user = await newUser(server.baseUrl);
  });
  afterAll(() => server.dispose());

  const ask = (model: string, input: string) => user.api.POST(RUNS, { body: { input, settings: { model } } });
  const isOpen = (model: string): Promise<number> => figure(server, `dossier_claude_breaker_open{model="${model}"}`);
  const callsWith = async (marker: string): Promise<number> =>
    (await upstreamCalls(sharedStack().simulatorUrl, marker)).length;

  async function fail(model: string, count: number, fault = 'status=529'): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => ask(model, `[[sim ${fault}]]`)));
  }

  it.each([
    ['status=529', 'claude-opus-5-5'],
    ['status=500', 'claude-opus-5'],
    ['hang', 'claude-opus-4-8'],
    ['reset', 'claude-opus-4-7'],
    ['error_after=1', 'claude-opus-4-6'],
  ])('opens when all of twenty calls fail: %s', async (fault, model) => {
    await fail(model, ENOUGH, fault);
    const marker = unique('open');
    const answer = await ask(model, marker);
    const problem = await expectProblem(answer, 'claude-overloaded');
    expect(answer.response.headers.get('retry-after')).toMatch(/^([1-9]|1[0-5])$/);
    expect(await callsWith(marker)).toBe(0);
    expect(await isOpen(model)).toBe(1);

    const path = { id: problem.run_id! };
    const run = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', { params: { path } }));
    expect(run).toMatchObject({
      status: 'failed',
      attempts: [{ number: 1, status_code: null, error_type: 'circuit_open', claude_request_id: null }],
      billing: { state: 'none', max_usd: 0 },
    });
  });

  it('tells streams as well, and leaves other models alone', async () => {
    const request = {
      method: 'POST',
      key: user.key,
      baseUrl: server.baseUrl,
      headers: { accept: 'text/event-stream' },
    };
    const json = { input: 'Stream.', settings: { model: 'claude-opus-5-5' } };
    const events = await readEvents(await raw(RUNS, { ...request, json }));
    expect(events.map(({ name }) => name)).toEqual(['run', 'failed']);
    expect(events[1]?.data).toMatchObject({ error: { type: '/problems/claude-overloaded' } });
    expect(dataOf(await ask('claude-haiku-5-5', 'Are you well?')).status).toBe('succeeded');
    expect(await isOpen('claude-haiku-5-5')).toBe(0);
  });

  it.each([
    ['status=400', 'claude-fable-5'],
    ['status=429', 'claude-fable-5-1'],
    ['status=409', 'claude-sonnet-5'],
  ])('stays closed whatever is refused: %s', async (fault, model) => {
    await fail(model, ENOUGH + 5, fault);
    expect(dataOf(await ask(model, 'Are you well?')).status).toBe('succeeded');
    expect(await isOpen(model)).toBe(0);
  });

  it('lets one probe through after a while, closes when it succeeds, and opens again when it fails', async () => {
    const model = 'claude-sonnet-5-5';
    await fail(model, ENOUGH);
    const marker = unique('probe');
    await until(
      'The first probe',
      async () => (await ask(model, `${marker} [[sim status=529]]`), (await callsWith(marker)) > 0),
      20_000,
    );
    expect(await callsWith(marker)).toBe(1);
    expect(await isOpen(model)).toBe(1);

    const second = unique('probe');
    const slow = `${second} [[sim deltas=9 delta_ms=250 text="I am well."]]`;
    const probes = await until(
      'The second probe',
      async () => {
        const answers = await Promise.all([ask(model, slow), ask(model, slow), ask(model, slow)]);
        return answers.some(({ response }) => response.status === 201) && answers;
      },
      20_000,
    );
    expect(probes.map(({ response }) => response.status).toSorted((a, b) => a - b)).toEqual([201, 503, 503]);
    expect(await callsWith(second)).toBe(1);
    expect(await isOpen(model)).toBe(0);
    expect(dataOf(await ask(model, 'And now?')).status).toBe('succeeded');
  }, 60_000);
});
