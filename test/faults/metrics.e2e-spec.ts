import { dataOf, newUser, type TestUser } from '../support/client.js';
import { figure } from '../support/metrics.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';

const RUNS = '/api/v1/ai/runs';
const MODEL = 'claude-sonnet-5-5';

describe('the figures of calls to Claude', () => {
  let server: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    server = await TestServer.start({ folder, template, env: liveAgainst(simulatorUrl) });
    user = await newUser(server.baseUrl);
  });
  afterAll(() => server.dispose());

  const ask = (input: string) => user.api.POST(RUNS, { body: { input, settings: { model: MODEL } } });

  it('count attempts by outcome, runs by status, tokens, cost, and the time to the first text', async () => {
    const runs = [dataOf(await ask('One.')), dataOf(await ask('Two.'))];
    await ask('[[sim status=500]]');
    await ask(`[[sim end_after=2 deltas=5 text="${'word '.repeat(5)}"]]`);
    const attempts = (outcome: string): Promise<number> =>
      figure(server, `dossier_claude_attempts_total{model="${MODEL}",outcome="${outcome}"}`);
    expect(await attempts('succeeded')).toBe(2);
    expect(await attempts('claude-failed')).toBe(3);
    expect(await attempts('claude-interrupted')).toBe(1);
    expect(await figure(server, 'dossier_runs_total{status="succeeded"}')).toBe(2);
    expect(await figure(server, 'dossier_runs_total{status="failed"}')).toBe(1);
    expect(await figure(server, 'dossier_runs_total{status="interrupted"}')).toBe(1);
    expect(await figure(server, 'dossier_claude_time_to_first_token_seconds_count')).toBe(3);
    expect(await figure(server, 'dossier_claude_attempt_duration_seconds_count{outcome="claude-failed"}')).toBe(3);

    const cost = runs.reduce((sum, { cost_usd }) => sum + cost_usd!, 0);
    expect(await figure(server, `dossier_claude_cost_usd_total{model="${MODEL}"}`)).toBeCloseTo(cost, 9);
    // The tokens of the answer that broke off were seen as well.
    const output = await figure(server, `dossier_claude_tokens_total{model="${MODEL}",kind="output"}`);
    expect(output).toBeGreaterThan(runs.reduce((sum, { usage }) => sum + usage!.output_tokens, 0));
    const input = runs.reduce((sum, { usage }) => sum + usage!.input_tokens, 0);
    expect(await figure(server, `dossier_claude_tokens_total{model="${MODEL}",kind="input"}`)).toBeGreaterThan(input);
    expect(await figure(server, 'dossier_claude_calls_in_flight')).toBe(0);
    expect(await figure(server, `dossier_claude_breaker_open{model="${MODEL}"}`)).toBe(0);
  });
});
