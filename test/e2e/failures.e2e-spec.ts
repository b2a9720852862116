import type { ProblemSlug } from '../../src/platform/errors/problems.js';
import { dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectProblem, type Problem } from '../support/problems.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';
import { readEvents } from '../support/sse.js';

type Run = Schemas['RunResponse'];

const UPSTREAM_TEXT = 'UPSTREAM-INTERNALS-7421';
const UPSTREAM_KEY = 'test-key-of-the-upstream';
const RUNS = '/api/v1/ai/runs';

/** How one fault upstream looks from outside, once the retries are over. */
interface Outcome {
  readonly slug: ProblemSlug;
  /** Calls that Claude got. */
  readonly calls: number;
  readonly status: Run['status'];
  readonly billing: Run['billing']['state'];
}

const refused = (slug: ProblemSlug, calls = 1): Outcome => ({ slug, calls, status: 'failed', billing: 'none' });
const unanswered = (slug: ProblemSlug): Outcome => ({ slug, calls: 3, status: 'failed', billing: 'unknown' });
const broken = (slug: ProblemSlug, calls = 1): Outcome => ({ slug, calls, status: 'interrupted', billing: 'unknown' });

/** The table of DESIGN section 4: what Claude does, and what a caller of Dossier sees of it. */
const STATUSES: [string, Outcome][] = [
  ['status=400', refused('claude-rejected-request')],
  ['status=404', refused('claude-rejected-request')],
  ['status=422', refused('claude-rejected-request')],
  ['status=413', refused('claude-request-too-large')],
  ['status=401', refused('claude-misconfigured')],
  ['status=402', refused('claude-misconfigured')],
  ['status=403', refused('claude-misconfigured')],
  ['spend_cap', refused('claude-misconfigured')],
  ['status=429', refused('claude-rate-limited', 3)],
  ['status=429 retry_after_ms=60000', refused('claude-rate-limited')],
  ['status=529', refused('claude-overloaded', 3)],
  ['status=503', refused('claude-overloaded', 3)],
  ['status=500', refused('claude-failed', 3)],
  ['status=408', refused('claude-failed', 3)],
  ['status=409', refused('claude-failed', 3)],
  ['html', refused('claude-failed', 3)],
];

const CONNECTIONS: [string, Outcome][] = [
  ['reset', unanswered('claude-unreachable')],
  ['hang', unanswered('claude-timeout')],
  ['hang_headers', unanswered('claude-timeout')],
  ['garbage', unanswered('claude-failed')],
  ['hang_after=3', broken('claude-timeout')],
  ['reset_after=3', broken('claude-interrupted')],
  ['end_after=3', broken('claude-interrupted')],
  ['error_after=3', broken('claude-interrupted')],
  ['reset_after=0', broken('claude-interrupted', 3)],
  ['end_after=0', broken('claude-interrupted', 3)],
  ['error_after=0', broken('claude-interrupted', 3)],
];

/** A model for each row in turn: what is learnt of one model's failures is not held against another. */
const MODELS = [
  'claude-sonnet-5-5',
  'claude-haiku-5-5',
  'claude-opus-5-5',
  'claude-opus-5',
  'claude-sonnet-5',
  'claude-fable-5',
];

describe.each([
  ['an error of Claude', STATUSES],
  ['a connection to Claude that fails', CONNECTIONS],
])('%s', (_, table) => {
  let server: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    const env = { ...liveAgainst(simulatorUrl), CLAUDE_TIMEOUT_MS: '300', CLAUDE_IDLE_TIMEOUT_MS: '300' };
    server = await TestServer.start({ folder, template, env });
    user = await newUser(server.baseUrl);
  });
  afterAll(() => server.dispose());

  const rows = table.map(([directive, outcome], index) => ({
    directive,
    outcome,
    model: MODELS[index % MODELS.length]!,
  }));

  async function runOf(problem: Problem): Promise<Run> {
    return dataOf(await user.api.GET('/api/v1/ai/runs/{id}', { params: { path: { id: problem.run_id ?? 0 } } }));
  }

  function checkBilling(run: Run, { billing, status, calls }: Outcome): void {
    expect(run.billing.state).toBe(billing);
    const { min_usd, max_usd } = run.billing;
    if (billing === 'none') return expect([min_usd, max_usd, run.cost_usd]).toEqual([0, 0, 0]);
    expect(max_usd).toBeGreaterThan(min_usd);
    if (status === 'interrupted' && calls === 1) expect(min_usd).toBeGreaterThan(0);
  }

  it.each(rows)(
    'is told as $outcome.slug after $outcome.calls call(s): $directive',
    async ({ directive, outcome, model }) => {
      const marker = unique('fault');
      const message = directive.includes('status=') ? ` message="${UPSTREAM_TEXT}"` : '';
      const text = directive.includes('after=3') ? ` deltas=9 text="${'half an answer '.repeat(9)}"` : '';
      const input = `${marker} [[sim ${directive}${message}${text}]]`;
      const answer = await user.api.POST(RUNS, { body: { input, settings: { model, max_tokens: 200 } } });
      const problem = await expectProblem(answer, outcome.slug);

      const sent = await upstreamCalls(sharedStack().simulatorUrl, marker);
      expect(sent).toHaveLength(outcome.calls);
      const run = await runOf(problem);
      expect(run).toMatchObject({
        status: outcome.status,
        error: { type: `/problems/${outcome.slug}`, detail: problem.detail },
      });
      expect(run.attempts.map(({ number }) => number)).toEqual(sent.map((_call, index) => index + 1));
      expect(run.attempts.every(({ error_type, duration_ms }) => error_type !== null && duration_ms !== null)).toBe(
        true,
      );
      expect(run.attempts.slice(1).every(({ wait_ms }) => wait_ms >= 10 && wait_ms <= 30)).toBe(true);
      checkBilling(run, outcome);

      if (directive.includes('after=3')) expect('half an answer '.repeat(9)).toContain(run.output_text);
      else expect(run.output_text ?? '').toBe('');
      const shown = outcome.slug === 'claude-rejected-request';
      expect(problem.detail.includes(UPSTREAM_TEXT)).toBe(shown);
      const retryLater = ['claude-rate-limited', 'claude-overloaded'].includes(outcome.slug);
      expect(answer.response.headers.get('retry-after') !== null).toBe(retryLater);
    },
  );

  it('leaves nothing reserved', async () => {
    expect(dataOf(await user.api.GET('/api/v1/me')).reserved_usd).toBe(0);
  });

  it('is logged by name and figure, without texts or keys', () => {
    const log = server.output();
    for (const secret of [UPSTREAM_TEXT, UPSTREAM_KEY, user.key, '[[sim', 'half an answer']) {
      expect([secret, log.includes(secret)]).toEqual([secret, false]);
    }
    const failed = server.log('claude_query_failed');
    expect(failed).toHaveLength(table.length);
    expect(failed[0]).toMatchObject({
      run_id: expect.any(Number) as number,
      user_id: user.id,
      model: expect.any(String) as string,
      error_type: expect.any(String) as string,
      attempts: expect.any(Number) as number,
    });
    const attempts = table.reduce((sum, [, { calls }]) => sum + calls, 0);
    expect(server.log('claude_attempt_failed')).toHaveLength(attempts);
  });
});

describe('a fault of Claude that passes', () => {
  let user: TestUser;

  beforeAll(async () => {
    user = await newUser();
  });

  const once = (directive: string): string => `[[sim key=${unique('once')} times=1 ${directive}]]`;

  it.each(['status=529', 'status=500', 'reset', 'garbage', 'end_after=0', 'error_after=0'])(
    'costs a second attempt and nothing else: %s',
    async (directive) => {
      const run = dataOf(await user.api.POST(RUNS, { body: { input: `Again. ${once(directive)}` } }));
      expect(run).toMatchObject({ status: 'succeeded', error: null, attempts: [{ number: 1 }, { number: 2 }] });
      expect(run.attempts[1]).toMatchObject({ status_code: 200, error_type: null });
    },
  );

  it('is waited for as long as retry-after says', async () => {
    const run = dataOf(await user.api.POST(RUNS, { body: { input: once('status=429 retry_after=1') } }));
    expect(run.attempts).toMatchObject([{ status_code: 429, wait_ms: 0 }, { wait_ms: 1000 }]);
    const [first, second] = run.attempts.map(({ started_at }) => Date.parse(started_at));
    expect(second! - first!).toBeGreaterThanOrEqual(1000);
  });

  it('that asks for a longer wait than we take is passed on with it', async () => {
    const input = `[[sim status=429 retry_after=61]]`;
    const answer = await user.api.POST(RUNS, { body: { input } });
    await expectProblem(answer, 'claude-rate-limited');
    expect(answer.response.headers.get('retry-after')).toBe('61');
  });
});

describe('a fault of Claude inside a stream', () => {
  it('ends the stream as interrupted, with what was seen', async () => {
    const { key } = await newUser();
    const json = { input: `[[sim error_after=3 deltas=9 text="${'part '.repeat(9)}"]]` };
    const response = await raw(RUNS, { method: 'POST', key, json, headers: { accept: 'text/event-stream' } });
    const events = await readEvents(response);
    const last = events.at(-1)!;
    expect(last.name).toBe('interrupted');
    expect(last.data).toMatchObject({ status: 'interrupted', error: { type: '/problems/claude-interrupted' } });
    const text = events.map(({ data }) => (data as { text?: string }).text ?? '').join('');
    expect(text).toBe((last.data as Run).output_text);
    expect(text).toMatch(/^part /);
  });

  it('ends the stream as failed when no answer began', async () => {
    const { key } = await newUser();
    const json = { input: '[[sim status=400]]' };
    const response = await raw(RUNS, { method: 'POST', key, json, headers: { accept: 'text/event-stream' } });
    const events = await readEvents(response);
    expect(events.map(({ name }) => name)).toEqual(['run', 'failed']);
  });
});
