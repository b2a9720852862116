import { accepted, type Batch, over, type Query, type Result, resultsOf } from '../support/batches.js';
import { clientFor, dataOf, newUser, type TestUser, unique } from '../support/client.js';
import { GatedClaude, type Side } from '../support/gated-claude.js';
import { onPostgres } from '../support/server-storage.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';

const CASES: readonly [string, RegExp, Side][] = [
  ['before Claude gets it', /^POST .*\/batches$/, 'request'],
  ['when Claude has taken it, and its id is on the way', /^POST .*\/batches$/, 'answer'],
  ['while it waits for its end', /^GET .*\/batches\/[^/]+$/, 'request'],
  ['while the results are on the way', /^GET .*\/results$/, 'answer'],
];
/** On PostgreSQL the dead worker's lease has to run out first. */
const RECOVERY_MS = onPostgres ? 90_000 : 45_000;

const ask = (text: string, marker: string): Query => ({ input: `[[sim text="${text}"]]`, system: marker });

/** What a server and its Claude had to tell once it was killed at some place, started again, and had ended its batch. */
interface Story {
  readonly server: TestServer;
  readonly claude: GatedClaude;
  readonly user: TestUser;
  readonly marker: string;
  readonly batch: Batch;
  readonly results: readonly Result[];
}

async function killedAt(call: RegExp, side: Side): Promise<Story> {
  const { folder, template, simulatorUrl } = sharedStack();
  const claude = await GatedClaude.start(simulatorUrl);
  const server = await TestServer.start({ folder, template, env: liveAgainst(claude.baseUrl) });
  const { key, id: userId, api } = await newUser(server.baseUrl);
  const marker = unique('killed');
  const held = claude.hold(call, side);
  const queries = ['one', 'two', 'three'].map((text) => ask(text, marker));
  const { id } = await accepted(api, queries, 'provider');
  await held;
  await server.stop('SIGKILL');
  await server.restart();
  const user = { id: userId, key, api: clientFor(key, server.baseUrl) };
  const batch = await over(user.api, id, RECOVERY_MS);
  return { server, claude, user, marker, batch, results: await resultsOf(user, id, server.baseUrl) };
}

describe('a server that is killed while a batch is on its way to Claude and back', () => {
  const stories = new Map<string, Story>();

  // All at once: most of it is waiting.
  beforeAll(async () => {
    await Promise.all(CASES.map(async ([name, call, side]) => stories.set(name, await killedAt(call, side))));
  }, 180_000);
  afterAll(async () => {
    for (const { server, claude } of stories.values()) {
      await server.dispose();
      claude.stop();
    }
  });

  it.each(CASES)('%s: it is submitted once, and every answer is taken in once', async (name) => {
    const { batch, results, user, marker } = stories.get(name)!;
    expect(batch).toMatchObject({ status: 'finished', counts: { total: 3, succeeded: 3 } });
    expect(await upstreamCalls(sharedStack().simulatorUrl, marker, '/v1/messages/batches')).toHaveLength(1);
    expect(results.map(({ output_text }) => output_text)).toEqual(['one', 'two', 'three']);
    for (const { run_id } of results) {
      const run = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', { params: { path: { id: run_id } } }));
      expect(run).toMatchObject({ billing: { state: 'settled' }, attempts: [{ number: 1, status_code: 200 }] });
    }
    const { spent_usd, reserved_usd } = dataOf(await user.api.GET('/api/v1/me'));
    const usage = dataOf(await user.api.GET('/api/v1/ai/usage')).items[0]!;
    expect([spent_usd, reserved_usd, usage.unknown_max_usd, usage.cost_usd]).toEqual([
      batch.cost_usd,
      0,
      0,
      batch.cost_usd,
    ]);
  });
});
