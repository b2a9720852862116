import { type Batch, BATCHES, over, resultsOf } from '../support/batches.js';
import { clientFor, dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { describeReplicas, Replicas } from '../support/replicas.js';
import type { TestServer } from '../support/server.js';
import { sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';
import { readEvents, type SseEvent, wireOf } from '../support/sse.js';
import { until } from '../support/until.js';

type Run = Schemas['RunResponse'];

const RUNS = '/api/v1/ai/runs';
const RECOVERY_MS = 60_000;
/** Of the four of a replica, what is left beside the stream. */
const PLACES = 3;
/** Some text at once, and then none for longer than the test lasts. */
const HALF = '[[sim text="one two three four" deltas=4 delta_ms=40000]]';
const at = (id: number): { params: { path: { id: number } } } => ({ params: { path: { id } } });

describeReplicas('a replica that is lost by kill -9', () => {
  const markers = { streamed: unique('streamed'), batch: unique('batch') };
  let replicas: Replicas;
  let survivor: TestServer;
  let user: TestUser;
  let batch: Batch;
  let seen: SseEvent[] = [];
  let takenOverMs: number;

  const api = () => clientFor(user.key, survivor.baseUrl);
  const run = async (): Promise<Run> => {
    const { id } = seen[0]!.data as Run;
    return dataOf(await api().GET('/api/v1/ai/runs/{id}', at(id)));
  };

  beforeAll(async () => {
    replicas = await Replicas.start(2);
    const [lost, other] = replicas.servers as [TestServer, TestServer];
    survivor = other;
    user = await newUser(lost.baseUrl);
    const stream = await raw(RUNS, {
      method: 'POST',
      key: user.key,
      baseUrl: lost.baseUrl,
      headers: { accept: 'text/event-stream' },
      json: { input: `${markers.streamed} ${HALF}` },
    });
    const reading = readEvents(stream, (events) => {
      seen = [...events];
      return false;
    }).catch(() => 'connection lost');
    const queries = Array.from({ length: 40 }, (_, n) => ({ input: `q${n}-${markers.batch} [[sim slow_ms=400]]` }));
    batch = dataOf(await clientFor(user.key, lost.baseUrl).POST(BATCHES, { body: { queries } }));
    await until('The middle of the batch', async () => {
      const { counts } = dataOf(await api().GET('/api/v1/ai/batches/{id}', at(batch.id)));
      return seen.length >= 2 && counts.succeeded >= 4;
    });
    const killedAt = Date.now();
    await lost.stop('SIGKILL');
    expect(await reading).toBe('connection lost');
    batch = await over(api(), batch.id, RECOVERY_MS);
    await until('The end of the run', async () => (await run()).finished_at !== null, RECOVERY_MS);
    takenOverMs = Date.now() - killedAt;
  }, 150_000);
  afterAll(() => replicas.dispose());

  it('has its work taken over by the other within 60 s', () => {
    expect(takenOverMs).toBeLessThan(RECOVERY_MS);
  });

  it('loses no query of its batch, and none is sent twice: what was sent and not seen to its end says so', async () => {
    const { counts } = batch;
    expect(counts).toMatchObject({ total: 40, failed: 0, cancelled: 0 });
    expect(counts.succeeded + counts.interrupted).toBe(40);
    const lost = { unsent: 0, cut: 0, unrecorded: 0 };
    for (const { index, status } of await resultsOf(user, batch.id, survivor.baseUrl)) {
      const calls = await upstreamCalls(sharedStack().simulatorUrl, `q${index}-${markers.batch}`);
      expect([index, calls.length <= 1]).toEqual([index, true]);
      const [call] = calls;
      if (status === 'succeeded') expect([index, call?.ended]).toEqual([index, true]);
      else lost[call === undefined ? 'unsent' : call.ended ? 'unrecorded' : 'cut'] += 1;
    }
    // It had as many places for calls, less the one that streams; each place may have had the answer before in its recording.
    expect(lost.unsent + lost.cut).toBeLessThanOrEqual(PLACES);
    expect(lost.unrecorded).toBeLessThanOrEqual(PLACES);
    expect(lost.unsent + lost.cut + lost.unrecorded).toBe(counts.interrupted);
  });

  it('leaves a stream that goes on at the other where it broke, to its one end', async () => {
    const { id } = seen[0]!.data as Run;
    const read = async (headers: Record<string, string>): Promise<SseEvent[]> =>
      readEvents(await raw(`${RUNS}/${id}/events`, { key: user.key, baseUrl: survivor.baseUrl, headers }));
    const rest = await read({ 'last-event-id': String(seen.length) });
    expect(rest.at(-1)).toMatchObject({ name: 'interrupted', data: await run() });
    expect(wireOf([...seen, ...rest])).toBe(wireOf(await read({})));
    const { billing, output_text, attempts } = await run();
    expect([billing.state, output_text]).toEqual(['unknown', expect.stringMatching(/^one/)]);
    // What was seen before is the minimum: the prompt, and the first word.
    expect(billing.min_usd).toBeGreaterThan(0);
    expect(billing.min_usd).toBeLessThan(billing.max_usd!);
    expect(attempts).toMatchObject([{ status_code: 200, claude_request_id: expect.stringMatching(/^req_/) }]);
    expect(await upstreamCalls(sharedStack().simulatorUrl, markers.streamed)).toHaveLength(1);
  });

  it('holds nothing back of the budget', async () => {
    expect(dataOf(await api().GET('/api/v1/me')).reserved_usd).toBe(0);
  });
});
