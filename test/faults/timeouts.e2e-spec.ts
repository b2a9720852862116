import { dataOf, newUser, raw, type TestUser } from '../support/client.js';
import { failedRun, nextModel, type Run } from '../support/fault-runs.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { readEvents } from '../support/sse.js';
import { until } from '../support/until.js';

const RUNS = '/api/v1/ai/runs';
const FIRST_BYTE_MS = 1500;
const IDLE_MS = 2000;
const DEADLINE_MS = 4000;
/** Far beyond every limit: whoever waits so long was not stopped at all. */
const NEVER_MS = 15_000;

/** Each limit with what runs into it, and how the run then stands. */
const LIMITS: [string, string, number, Pick<Run, 'status'> & { readonly attempts: readonly object[] }][] = [
  [
    'the first byte',
    '[[sim slow_ms=60000]]',
    FIRST_BYTE_MS,
    { status: 'failed', attempts: [{ error_type: 'timeout', status_code: null }] },
  ],
  [
    'silence inside an answer',
    `[[sim hang_after=3 deltas=9 text="${'word '.repeat(9)}"]]`,
    IDLE_MS,
    { status: 'interrupted', attempts: [{ error_type: 'timeout', status_code: 200 }] },
  ],
  [
    'the whole run, though the answer is steady',
    `[[sim deltas=400 delta_ms=100 text="${'steady '.repeat(400)}"]]`,
    DEADLINE_MS,
    { status: 'interrupted', attempts: [{ error_type: 'deadline', status_code: 200 }] },
  ],
];

describe('the limit for', () => {
  let server: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    const limits = {
      CLAUDE_TIMEOUT_MS: String(FIRST_BYTE_MS),
      CLAUDE_IDLE_TIMEOUT_MS: String(IDLE_MS),
      CLAUDE_DEADLINE_MS: String(DEADLINE_MS),
      CLAUDE_MAX_ATTEMPTS: '1',
    };
    server = await TestServer.start({ folder, template, env: { ...liveAgainst(simulatorUrl), ...limits } });
    user = await newUser(server.baseUrl);
  });
  afterAll(() => server.dispose());

  const read = async (id: number): Promise<Run> =>
    dataOf(await user.api.GET('/api/v1/ai/runs/{id}', { params: { path: { id } } }));

  describe.each(LIMITS)('%s', (_, input, limitMs, expected) => {
    const body = () => ({ input, settings: { model: nextModel(), max_tokens: 2000 } });

    function expectLate(run: Run, elapsedMs: number): void {
      expect(run).toMatchObject({
        ...expected,
        error: { type: '/problems/claude-timeout' },
        billing: { state: 'unknown' },
      });
      expect(elapsedMs).toBeGreaterThanOrEqual(limitMs);
      expect(elapsedMs).toBeLessThan(NEVER_MS);
    }

    it('holds for who waits', async () => {
      const { run, elapsedMs } = await failedRun(server, input, 'claude-timeout', { max_tokens: 2000 });
      expectLate(run, elapsedMs);
    });

    it('holds for who follows the stream', async () => {
      const begun = performance.now();
      const headers = { accept: 'text/event-stream' };
      const request = { method: 'POST', key: user.key, baseUrl: server.baseUrl, json: body(), headers };
      const events = await readEvents(await raw(RUNS, request));
      expect(events.at(-1)?.name).toBe(expected.status);
      expectLate(events.at(-1)?.data as Run, performance.now() - begun);
    });

    it('holds when nobody waits', async () => {
      const begun = performance.now();
      const params = { header: { Prefer: 'respond-async' } };
      const { id } = dataOf(await user.api.POST(RUNS, { params, body: body() }));
      const run = await until('Its end', async () => {
        const present = await read(id);
        return present.finished_at !== null && present;
      });
      expectLate(run, performance.now() - begun);
    });
  });
});

describe('an answer that is slow but steady', () => {
  it('takes longer than any single limit, and is whole', async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    const limits = { CLAUDE_TIMEOUT_MS: '2000', CLAUDE_IDLE_TIMEOUT_MS: '2000' };
    const server = await TestServer.start({ folder, template, env: { ...liveAgainst(simulatorUrl), ...limits } });
    const user = await newUser(server.baseUrl);
    const text = 'steady '.repeat(30);
    const input = `[[sim deltas=30 delta_ms=100 text="${text}"]]`;
    const run = dataOf(await user.api.POST(RUNS, { body: { input } }));
    expect(run).toMatchObject({ status: 'succeeded', output_text: text, attempts: [{ number: 1 }] });
    expect(run.attempts[0]?.duration_ms).toBeGreaterThan(2500);
    await server.dispose();
  });
});
