import { clientFor, dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectProblem } from '../support/problems.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';
import { readEvents, wireOf } from '../support/sse.js';
import { until } from '../support/until.js';

type Run = Schemas['RunResponse'];

const RUNS = '/api/v1/ai/runs';
const FAILING = { model: 'claude-opus-4-5' };

describe('a run under an Idempotency-Key', () => {
  let user: TestUser;

  beforeAll(async () => {
    user = await newUser();
  });

  const post = (key: string, json: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    raw(RUNS, { method: 'POST', key: user.key, json, headers: { 'idempotency-key': key, ...headers } });
  const callsOf = async (marker: string): Promise<number> =>
    (await upstreamCalls(sharedStack().simulatorUrl, marker)).length;

  it('is asked of Claude once, and told again with its answer', async () => {
    const [key, marker] = [unique('key'), unique('marker')];
    const first = await post(key, { input: marker });
    const run = (await first.json()) as Run;
    const again = await post(key, { input: marker });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(`${RUNS}/${run.id}`);
    expect(await again.json()).toEqual(run);
    expect(await callsOf(marker)).toBe(1);
    await expectProblem(await post(key, { input: 'other' }), 'idempotency-key-reused');
  });

  it('that is under way is told as it stands, queued ones too', async () => {
    const [key, marker] = [unique('key'), unique('marker')];
    const json = { input: `[[sim deltas=30 delta_ms=50]] ${marker}` };
    const first = post(key, json);
    await until('The call', async () => (await callsOf(marker)) > 0);
    // Nothing is waited for, so none of the preferences to wait is applied.
    const again = await post(key, json, { prefer: 'wait=20' });
    expect([again.status, ((await again.json()) as Run).status]).toEqual([202, 'running']);
    expect(again.headers.get('preference-applied')).toBeNull();
    expect((await first).status).toBe(201);
    const queued = unique('key');
    const { id } = (await (await post(queued, json, { prefer: 'respond-async' })).json()) as Run;
    const replayed = await post(queued, json, { prefer: 'respond-async' });
    expect([replayed.status, ((await replayed.json()) as Run).id]).toEqual([202, id]);
    expect(replayed.headers.get('preference-applied')).toBe('respond-async');
  });

  it('that failed is told as the same problem', async () => {
    const [key, marker] = [unique('key'), unique('marker')];
    const json = { input: `[[sim status=400]] ${marker}`, settings: FAILING };
    const first = await expectProblem(await post(key, json), 'claude-rejected-request');
    const answer = await post(key, json);
    const { request_id, ...again } = await expectProblem(answer, 'claude-rejected-request');
    expect(request_id).not.toBe(first.request_id);
    expect(first).toMatchObject(again);
    expect([answer.headers.get('idempotency-replayed'), await callsOf(marker)]).toEqual(['true', 1]);
  });

  it('is streamed again from its first event, byte for byte', async () => {
    const key = unique('key');
    const json = { input: '[[sim deltas=5 delta_ms=20]]' };
    const accept = { accept: 'text/event-stream' };
    const first = await readEvents(await post(key, json, accept));
    const answer = await post(key, json, accept);
    expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(wireOf(await readEvents(answer))).toBe(wireOf(first));
  });

  it('is asked of Claude once however many come at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [key, marker] = [unique('key'), unique('marker')];
      const answers = await Promise.all(Array.from({ length: 25 }, () => post(key, { input: marker })));
      const ids = new Set<number>();
      for (const answer of answers) {
        if (answer.status === 409) await expectProblem(answer, 'request-in-progress');
        else ids.add(((await answer.json()) as Run).id);
      }
      expect([ids.size, await callsOf(marker)]).toEqual([1, 1]);
    }
  });

  it('that was refused before any effect leaves nothing behind', async () => {
    const key = unique('key');
    await expectProblem(await post(key, { input: '' }), 'validation-failed');
    expect((await post(key, { input: 'x' })).headers.get('idempotency-replayed')).toBeNull();
  });

  it('that a crash has interrupted is told as it is, and not asked again', async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    const server = await TestServer.start({ folder, template, env: liveAgainst(simulatorUrl) });
    const own = await newUser(server.baseUrl);
    const [key, marker] = [unique('key'), unique('marker')];
    const send = (): Promise<Response> =>
      raw(RUNS, {
        method: 'POST',
        key: own.key,
        baseUrl: server.baseUrl,
        json: { input: `[[sim deltas=400 delta_ms=50]] ${marker}` },
        headers: { 'idempotency-key': key },
      });
    const lost = send().catch(() => null);
    await until('The call', async () => (await callsOf(marker)) > 0);
    await server.stop('SIGKILL');
    expect(await lost).toBeNull();
    await server.restart();
    const answer = await until(
      'The recovery',
      async () => {
        const replayed = await send();
        return replayed.status !== 202 && replayed;
      },
      70_000,
    );
    expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect(await answer.json()).toMatchObject({
      status: 'interrupted',
      error: { type: '/problems/run-interrupted' },
      billing: { state: 'unknown' },
    });
    expect(await callsOf(marker)).toBe(1);
    const { items } = dataOf(await clientFor(own.key, server.baseUrl).GET(RUNS));
    expect(items).toHaveLength(1);
    await server.dispose();
    // On PostgreSQL the lost process's lease has to run out first.
  }, 90_000);
});
