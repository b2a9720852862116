import type { ProblemSlug } from '../../src/platform/errors/problems.js';
import { dataOf, newUser, type Schemas, type TestUser, unique } from './client.js';
import { expectProblem, type Problem } from './problems.js';
import { ADMIN_KEY, type TestServer } from './server.js';
import { liveAgainst, sharedStack } from './shared-stack.js';
import { type UpstreamCall, upstreamCalls } from './simulator.js';

export type Run = Schemas['RunResponse'];

const RUNS = '/api/v1/ai/runs';

/** A model for each row of a table in turn: what is learnt of one model's failures is not held against another. */
const MODELS = [
  'claude-sonnet-5-5',
  'claude-haiku-5-5',
  'claude-opus-5-5',
  'claude-opus-5',
  'claude-sonnet-5',
  'claude-fable-5',
  'claude-opus-4-8',
  'claude-opus-4-7',
];

let taken = 0;

/** A model that few others of the same process have used lately. */
export function nextModel(): string {
  taken += 1;
  return MODELS[taken % MODELS.length] ?? '';
}

/** What came of a run that failed: on every side of it. */
export interface FailedRun {
  readonly problem: Problem;
  readonly response: Response;
  readonly run: Run;
  /** What Claude really got. */
  readonly calls: readonly UpstreamCall[];
  readonly elapsedMs: number;
  /** The user who ran nothing else, so that all of its money is this run's. */
  readonly user: TestUser;
  readonly me: Schemas['MeResponse'];
}

/** Asks with a text that makes Claude fail, as a new user, and waits for the problem. */
export async function failedRun(
  server: TestServer,
  input: string,
  slug: ProblemSlug,
  settings: Schemas['SettingsRequest'] = {},
): Promise<FailedRun> {
  const user = await newUser(server.baseUrl);
  const marker = unique('fault');
  const begun = performance.now();
  const body = { input: `${marker} ${input}`, settings: { model: nextModel(), max_tokens: 200, ...settings } };
  const answer = await user.api.POST(RUNS, { body });
  const elapsedMs = performance.now() - begun;
  const problem = await expectProblem(answer, slug);
  return {
    problem,
    response: answer.response,
    run: dataOf(await user.api.GET('/api/v1/ai/runs/{id}', { params: { path: { id: problem.run_id ?? 0 } } })),
    calls: await upstreamCalls(sharedStack().simulatorUrl, marker),
    elapsedMs,
    user,
    me: dataOf(await user.api.GET('/api/v1/me')),
  };
}

/** Checks that nothing that a server printed holds one of these texts, nor a key. */
export function expectNoSecrets(server: TestServer, secrets: readonly string[]): void {
  const output = server.output();
  const { ANTHROPIC_API_KEY: upstreamKey = '' } = liveAgainst('');
  for (const secret of [...secrets, upstreamKey, ADMIN_KEY, 'Bearer ']) {
    expect([secret, output.includes(secret)]).toEqual([secret, false]);
  }
  expect(output).not.toMatch(/dsr_\w+/);
}
