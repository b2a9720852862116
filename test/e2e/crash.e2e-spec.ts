import { dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { clientFor } from '../support/client.js';
import { onPostgres } from '../support/server-storage.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';
import { readEvents, type SseEvent, wireOf } from '../support/sse.js';
import { until } from '../support/until.js';

type Run = Schemas['RunResponse'];

const RUNS = '/api/v1/ai/runs';
/** On PostgreSQL the dead worker's lease has to run out first. */
const RECOVERY_MS = onPostgres ? 60_000 : 10_000;

describe('a server that is killed by kill -9 in the middle of its work', () => {
  const { folder, template, simulatorUrl } = sharedStack();
  const markers = {
    waited: unique('waited'),
    streamed: unique('streamed'),
    queued: [1, 2, 3].map(() => unique('queued')),
  };
  const slow = (marker: string): string => `${marker} [[sim text="${'word '.repeat(60)}" deltas=60 delta_ms=100]]`;
  let server: TestServer;
  let user: TestUser;
  let answered: Run;
  let seen: SseEvent[];
  let queuedIds: number[];

  const stream = (input: string): Promise<Response> =>
    raw(RUNS, {
      method: 'POST',
      key: user.key,
      baseUrl: server.baseUrl,
      headers: { accept: 'text/event-stream' },
      json: { input, settings: { max_tokens: 500 } },
    });

  async function runs(): Promise<Run[]> {
    const api = clientFor(user.key, server.baseUrl);
    const { items } = dataOf(await api.GET(RUNS));
    return Promise.all(
      items.map(async ({ id }) => dataOf(await api.GET('/api/v1/ai/runs/{id}', { params: { path: { id } } }))),
    );
  }

  const byMarker = (all: readonly Run[], marker: string): Run =>
    all.find(({ messages }) => messages[0]?.content.includes(marker))!;

  beforeAll(async () => {
    server = await TestServer.start({
      folder,
      template,
      // Two places, both taken: what is queued stays queued.
      env: { ...liveAgainst(simulatorUrl), CLAUDE_MAX_CONCURRENCY: '2', CLAUDE_DEADLINE_MS: '60000' },
    });
    user = await newUser(server.baseUrl);
    answered = dataOf(await user.api.POST(RUNS, { body: { input: 'Before the crash.' } }));
    const waiting = user.api.POST(RUNS, { body: { input: slow(markers.waited), settings: { max_tokens: 500 } } }).then(
      () => 'answered',
      () => 'connection lost',
    );
    await until('The waited run upstream', async () => (await upstreamCalls(simulatorUrl, markers.waited)).length > 0);
    const reading = await stream(slow(markers.streamed));
    seen = [];
    const cut = readEvents(reading, (events) => {
      seen = [...events];
      return events.length >= 4;
    });
    queuedIds = await Promise.all(
      markers.queued.map(async (marker) => {
        const params = { header: { Prefer: 'respond-async' } };
        return dataOf(await user.api.POST(RUNS, { params, body: { input: marker } })).id;
      }),
    );
    await cut;
    await server.stop('SIGKILL');
    expect(await waiting).toBe('connection lost');
    await server.restart();
    await until(
      'The end of every run',
      async () => (await runs()).every(({ finished_at }) => finished_at !== null),
      RECOVERY_MS,
    );
  }, 90_000);
  afterAll(() => server.dispose());

  it('has kept the answers that it gave', async () => {
    expect((await runs()).find(({ id }) => id === answered.id)).toEqual(answered);
  });

  it('finishes what was queued, and asks Claude for each but once', async () => {
    const all = await runs();
    for (const [index, marker] of markers.queued.entries()) {
      expect(all.find(({ id }) => id === queuedIds[index])).toMatchObject({
        status: 'succeeded',
        attempts: [{ number: 1 }],
      });
      expect(await upstreamCalls(simulatorUrl, marker)).toHaveLength(1);
    }
  });

  it.each(['waited', 'streamed'] as const)(
    'tells that the run that was %s is interrupted, and what it may have cost',
    async (kind) => {
      const run = byMarker(await runs(), markers[kind]);
      expect(run).toMatchObject({
        status: 'interrupted',
        error: { type: '/problems/run-interrupted' },
        billing: { state: 'unknown' },
        attempts: [{ number: 1 }],
      });
      expect(run.billing.max_usd).toBeGreaterThan(run.billing.min_usd);
      expect(await upstreamCalls(simulatorUrl, markers[kind])).toHaveLength(1);
    },
  );

  it('continues the stream where it broke, byte for byte, to its one end', async () => {
    const run = byMarker(await runs(), markers.streamed);
    const path = `${RUNS}/${run.id}/events`;
    const read = async (headers: Record<string, string>): Promise<SseEvent[]> =>
      readEvents(await raw(path, { key: user.key, baseUrl: server.baseUrl, headers }));
    const rest = await read({ 'last-event-id': String(seen.length) });
    expect(rest.at(-1)).toMatchObject({ name: 'interrupted', data: run });
    const all = await read({});
    expect(wireOf([...seen, ...rest])).toBe(wireOf(all));
    const text = all.map(({ data }) => (data as { text?: string }).text ?? '').join('');
    expect(run.output_text).toBe(text);
    expect(text.length).toBeGreaterThan(0);
  });

  it('holds nothing back of the budget, and counts what is unknown at its most', async () => {
    const api = clientFor(user.key, server.baseUrl);
    const me = dataOf(await api.GET('/api/v1/me'));
    const nano = (await runs()).reduce((sum, { billing }) => sum + Math.round(billing.max_usd! * 1e9), 0);
    expect(me).toMatchObject({ reserved_usd: 0, spent_usd: nano / 1e9 });
  });
});
