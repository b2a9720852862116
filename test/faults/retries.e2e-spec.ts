import { dataOf, newUser, type TestUser, unique } from '../support/client.js';
import { failedRun, nextModel, type Run } from '../support/fault-runs.js';
import { expectProblem } from '../support/problems.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';

const RUNS = '/api/v1/ai/runs';
const RUNS_IN_STORM = 90;
const FREE_RETRIES = 20;

async function serverWith(env: Record<string, string>): Promise<TestServer> {
  const { folder, template, simulatorUrl } = sharedStack();
  return TestServer.start({ folder, template, env: { ...liveAgainst(simulatorUrl), ...env } });
}

/** When each attempt began, in milliseconds after the first. */
function startsOf(run: Run): number[] {
  const times = run.attempts.map(({ started_at }) => Date.parse(started_at));
  return times.map((time) => time - times[0]!);
}

describe('a fault of Claude that passes', () => {
  let server: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    server = await serverWith({ CLAUDE_RETRY_AFTER_MAX_MS: '3000' });
    user = await newUser(server.baseUrl);
  });
  afterAll(() => server.dispose());

  const times = (count: number, fault: string): string => `[[sim key=${unique('times')} times=${count} ${fault}]]`;

  async function run(input: string): Promise<Run> {
    return dataOf(await user.api.POST(RUNS, { body: { input, settings: { model: nextModel() } } }));
  }

  it.each(['status=529', 'status=500', 'status=429', 'reset', 'garbage', 'html', 'end_after=0', 'error_after=0'])(
    'costs a second attempt and nothing else: %s',
    async (fault) => {
      const answered = await run(`Again. ${times(1, fault)}`);
      expect(answered).toMatchObject({ status: 'succeeded', error: null });
      expect(answered.attempts).toMatchObject([{ number: 1 }, { number: 2, status_code: 200, error_type: null }]);
      expect(answered.attempts[0]?.error_type).not.toBeNull();
    },
  );

  it('may take all three attempts', async () => {
    const answered = await run(`Twice. ${times(1, 'status=529')} ${times(1, 'status=500')}`);
    expect(answered).toMatchObject({ status: 'succeeded', billing: { state: 'settled' } });
    expect(answered.attempts.map(({ status_code }) => status_code)).toEqual([529, 500, 200]);
  });

  it('is billed for what may have been billed, and for the answer', async () => {
    const { attempts, billing, cost_usd } = await run(`Reset. ${times(1, 'reset')}`);
    expect(attempts).toHaveLength(2);
    expect(billing.state).toBe('unknown');
    expect(billing.min_usd).toBe(cost_usd);
    expect(billing.max_usd).toBeGreaterThan(cost_usd!);
  });

  it.each([
    ['retry_after=1', 1000],
    ['retry_after_ms=1200', 1200],
    ['retry_after=0', 0],
  ])('is waited for as long as %s says', async (asked, ms) => {
    const answered = await run(`Later. ${times(1, `status=429 ${asked}`)}`);
    expect(answered.attempts).toMatchObject([{ status_code: 429, wait_ms: 0 }, { wait_ms: ms }]);
    expect(startsOf(answered)[1]).toBeGreaterThanOrEqual(ms);
  });

  it('is waited for until the date that it names', async () => {
    const date = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000);
    const answered = await run(`At. ${times(1, `status=529 retry_after="${date.toUTCString()}"`)}`);
    expect(answered.attempts[1]?.wait_ms).toBeGreaterThan(0);
    expect(Date.parse(answered.attempts[1]!.started_at)).toBeGreaterThanOrEqual(date.getTime());
  });

  it.each(['status=429 retry_after=4', 'status=529 retry_after_ms=3001'])(
    'that asks for a longer wait than we take is passed on with it: %s',
    async (fault) => {
      const slug = fault.includes('429') ? 'claude-rate-limited' : 'claude-overloaded';
      const { response, run: failed, calls } = await failedRun(server, `[[sim ${fault}]]`, slug);
      expect(response.headers.get('retry-after')).toBe('4');
      expect([calls.length, failed.attempts.length]).toEqual([1, 1]);
    },
  );
});

describe('the limits of trying again', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await serverWith({
      CLAUDE_DEADLINE_MS: '30000',
      CLAUDE_TIMEOUT_MS: '2000',
      CLAUDE_RETRY_AFTER_MAX_MS: '60000',
      CLAUDE_MAX_ATTEMPTS: '5',
      CLAUDE_BACKOFF_MIN_MS: '20',
      CLAUDE_BACKOFF_MAX_MS: '50',
    });
  });
  afterAll(() => server.dispose());

  it('are never past the deadline of the run', async () => {
    const { calls, elapsedMs } = await failedRun(server, '[[sim status=429 retry_after=40]]', 'claude-rate-limited');
    expect(calls).toHaveLength(1);
    expect(elapsedMs).toBeLessThan(30_000);
  });

  it('are the attempts that are configured, and waits between minimum and maximum', async () => {
    const { run, calls } = await failedRun(server, '[[sim status=500]]', 'claude-failed');
    expect(calls).toHaveLength(5);
    const [first, ...waits] = run.attempts.map(({ wait_ms }) => wait_ms);
    expect(first).toBe(0);
    expect(waits.every((wait) => wait >= 20 && wait <= 50)).toBe(true);
  });

  it('are the budget of the user, which each attempt asks anew', async () => {
    const settings = { model: 'claude-opus-5-5', max_tokens: 10_000 };
    // Worth one attempt at the worst case, and not two.
    const user = await newUser(server.baseUrl, 0.3);
    const marker = unique('poor');
    const answer = await user.api.POST(RUNS, { body: { input: `${marker} [[sim hang]]`, settings } });
    const problem = await expectProblem(answer, 'budget-exceeded');
    expect(answer.response.headers.get('retry-after')).toBeNull();
    const path = { id: problem.run_id! };
    const run = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', { params: { path } }));
    expect(run).toMatchObject({ status: 'failed', billing: { state: 'unknown', min_usd: 0 } });
    expect(run.attempts).toMatchObject([{ number: 1, error_type: 'timeout' }]);
    expect(await upstreamCalls(sharedStack().simulatorUrl, marker)).toHaveLength(1);
    const me = dataOf(await user.api.GET('/api/v1/me'));
    expect([me.reserved_usd, me.spent_usd]).toEqual([0, run.billing.max_usd]);
  });

  it('are a tenth of the calls when everything fails: Claude is not hit three times as hard', async () => {
    const unasked = await serverWith({});
    const user = await newUser(unasked.baseUrl);
    const marker = unique('storm');
    // Spread over many models, so that no circuit opens: it is the budget that is looked at.
    const models = dataOf(await user.api.GET('/api/v1/ai/models')).items.map(({ id }) => id);
    const asked = Array.from({ length: RUNS_IN_STORM }, (_, index) => {
      const settings = { model: models[index % models.length]! };
      return user.api.POST(RUNS, { body: { input: `${marker} [[sim status=500]]`, settings } });
    });
    for (const answer of await Promise.all(asked)) await expectProblem(answer, 'claude-failed');
    const calls = await upstreamCalls(sharedStack().simulatorUrl, marker);
    // Twenty retries are free in any ten seconds; a machine so slow that the storm takes longer gets as many again.
    expect(calls.length - RUNS_IN_STORM).toBeGreaterThanOrEqual(FREE_RETRIES);
    expect(calls.length - RUNS_IN_STORM).toBeLessThanOrEqual(2 * FREE_RETRIES);
    await unasked.dispose();
  });
});
