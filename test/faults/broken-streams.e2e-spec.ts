import { newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectNoSecrets, nextModel } from '../support/fault-runs.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';
import { readEvents, type SseEvent, wireOf } from '../support/sse.js';

type Run = Schemas['RunResponse'];

const RUNS = '/api/v1/ai/runs';
const TEXT = 'half an answer '.repeat(9);

describe('a stream whose answer fails', () => {
  let server: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    const timeouts = { CLAUDE_TIMEOUT_MS: '2000', CLAUDE_IDLE_TIMEOUT_MS: '2000' };
    server = await TestServer.start({ folder, template, env: { ...liveAgainst(simulatorUrl), ...timeouts } });
    user = await newUser(server.baseUrl);
  });
  afterAll(() => server.dispose());

  async function stream(input: string): Promise<SseEvent[]> {
    const response = await raw(RUNS, {
      method: 'POST',
      key: user.key,
      baseUrl: server.baseUrl,
      json: { input, settings: { model: nextModel(), max_tokens: 200 } },
      headers: { accept: 'text/event-stream' },
    });
    expect(response.status).toBe(201);
    return readEvents(response);
  }

  const textOf = (events: readonly SseEvent[]): string =>
    events
      .filter(({ name }) => name === 'delta')
      .map(({ data }) => (data as { text: string }).text)
      .join('');

  async function expectEnd(events: readonly SseEvent[], status: Run['status'], slug: string): Promise<Run> {
    const ends = events.filter(({ name }) => !['run', 'delta', 'usage'].includes(name));
    expect(ends).toEqual([events.at(-1)]);
    expect(ends[0]).toMatchObject({ name: status, data: { status, error: { type: `/problems/${slug}` } } });
    const run = ends[0]!.data as Run;
    const read = await raw(`${RUNS}/${run.id}`, { key: user.key, baseUrl: server.baseUrl });
    expect(await read.json()).toEqual(run);
    const again = await raw(`${RUNS}/${run.id}/events`, { key: user.key, baseUrl: server.baseUrl });
    expect(wireOf(await readEvents(again))).toBe(wireOf(events));
    return run;
  }

  it.each([
    ['hang_after=3', 'claude-timeout'],
    ['reset_after=3', 'claude-interrupted'],
    ['end_after=3', 'claude-interrupted'],
    ['error_after=3', 'claude-interrupted'],
  ])('inside ends once, as interrupted, with the text so far: %s', async (fault, slug) => {
    const marker = unique('broken');
    const events = await stream(`${marker} [[sim ${fault} deltas=9 text="${TEXT}"]]`);
    const run = await expectEnd(events, 'interrupted', slug);
    expect(run.output_text).toMatch(/^half an/);
    expect(textOf(events)).toBe(run.output_text);
    expect(run.billing.state).toBe('unknown');
    // Never sent again once text was delivered.
    expect(await upstreamCalls(sharedStack().simulatorUrl, marker)).toHaveLength(1);
  });

  it.each([
    ['status=400', 'claude-rejected-request'],
    ['status=529', 'claude-overloaded'],
    ['hang', 'claude-timeout'],
    ['reset', 'claude-unreachable'],
    ['garbage', 'claude-failed'],
  ])('before it begins ends once, as failed, without text: %s', async (fault, slug) => {
    const events = await stream(`[[sim ${fault}]]`);
    expect(events.map(({ name }) => name)).toEqual(['run', 'failed']);
    await expectEnd(events, 'failed', slug);
  });

  it('before its first text is asked for again, and shows nothing of the first attempt', async () => {
    const fault = `[[sim key=${unique('first')} times=1 end_after=0]]`;
    const events = await stream(`${fault} [[sim deltas=3 text="The whole answer."]]`);
    expect(events.at(-1)).toMatchObject({ name: 'succeeded', data: { output_text: 'The whole answer.' } });
    expect((events.at(-1)!.data as Run).attempts).toHaveLength(2);
    expect(textOf(events)).toBe('The whole answer.');
  });

  it('leaves nothing of its texts in the log', () => {
    expectNoSecrets(server, ['[[sim', 'half an answer', 'The whole answer', user.key]);
  });
});
