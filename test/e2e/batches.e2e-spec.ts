import { BATCHES, accepted, at, over, readBatch, resultsOf } from '../support/batches.js';
import { dataOf, newUser, raw, type TestUser, unique } from '../support/client.js';
import { expectProblem, withoutId } from '../support/problems.js';
import { sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';
import { readEvents } from '../support/sse.js';
import { until } from '../support/until.js';

const ask = (text: string) => ({ input: `[[sim text="${text}"]]` });
const LONG = `[[sim text="${'slowly '.repeat(200)}" deltas=200 delta_ms=300]]`;
/** Models of this suite alone: a circuit that others have opened would fail its queries. */
const FAILING = { model: 'claude-opus-4-6' };

describe('a batch', () => {
  let user: TestUser;

  beforeEach(async () => {
    user = await newUser();
  });

  it('is accepted at once, runs by itself, and has its results in the order of its queries', async () => {
    const answer = await user.api.POST(BATCHES, {
      body: { queries: [{ ...ask('one'), custom_id: 'first' }, ask('two'), { ...ask('three'), custom_id: 'third' }] },
    });
    const { id } = dataOf(answer);
    expect(answer.response.status).toBe(202);
    expect(answer.response.headers.get('location')).toBe(`${BATCHES}/${id}`);
    expect(answer.data).toMatchObject({ mode: 'realtime', counts: { total: 3 }, finished_at: null });

    const batch = await over(user.api, id);
    const counts = { total: 3, queued: 0, running: 0, succeeded: 3, failed: 0, cancelled: 0, interrupted: 0 };
    expect(batch).toMatchObject({ status: 'finished', counts });
    const results = await resultsOf(user, id);
    expect(results.map(({ index, custom_id, output_text }) => [index, custom_id, output_text])).toEqual([
      [0, 'first', 'one'],
      [1, null, 'two'],
      [2, 'third', 'three'],
    ]);
    const runs = dataOf(await user.api.GET('/api/v1/ai/runs', { params: { query: { batch_id: id } } })).items;
    expect(new Set(runs.map((run) => run.id))).toEqual(new Set(results.map(({ run_id }) => run_id)));
    expect(runs).toHaveLength(3);
    for (const { run_id, status, error, usage, cost_usd } of results) {
      const run = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(run_id)));
      expect(run).toMatchObject({ batch_id: id, status, error, usage, cost_usd });
    }
    const sum = results.reduce((total, { cost_usd }) => total + Math.round((cost_usd ?? 0) * 1e9), 0);
    expect(Math.round(batch.cost_usd * 1e9)).toBe(sum);
    const { spent_usd, reserved_usd } = dataOf(await user.api.GET('/api/v1/me'));
    expect([spent_usd, reserved_usd]).toEqual([batch.cost_usd, 0]);
  });

  it('takes prompts as runs do, each version looked up for what it is', async () => {
    const itemId = dataOf(await user.api.POST('/api/v1/research-items', { body: { title: 'Tides' } })).id;
    const prompt = dataOf(
      await user.api.POST('/api/v1/research-items/{id}/prompts', {
        ...at(itemId),
        body: { name: 'p', template: '[[sim text="about {{topic}}"]]' },
      }),
    );
    const queries = ['moon', 'sun'].map((topic) => ({ prompt_id: prompt.id, variables: { topic } }));
    const { id } = await accepted(user.api, queries);
    await over(user.api, id);
    expect((await resultsOf(user, id)).map(({ output_text }) => output_text)).toEqual(['about moon', 'about sun']);
  });

  it('that is small is waited for by Prefer, and then has its results', async () => {
    const post = (Prefer: string, queries: { input: string }[]) =>
      user.api.POST(BATCHES, { params: { header: { Prefer } }, body: { queries } });
    const waited = await post('wait=20', [ask('one'), ask('two')]);
    expect(waited.response.status).toBe(200);
    expect(waited.response.headers.get('preference-applied')).toBe('wait=20');
    expect(waited.data).toMatchObject({
      status: 'finished',
      results: [
        { index: 0, output_text: 'one' },
        { index: 1, output_text: 'two' },
      ],
    });
    // A replay waits for nothing: it says how the batch stands.
    const key = unique('key');
    const again = (): Promise<Response> =>
      raw(BATCHES, {
        method: 'POST',
        key: user.key,
        json: { queries: [{ input: LONG }] },
        headers: { prefer: 'wait=1', 'idempotency-key': key },
      });
    const first = await again();
    const replayed = await again();
    expect([first.headers.get('preference-applied'), replayed.headers.get('preference-applied')]).toEqual([
      'wait=1',
      null,
    ]);
    expect([replayed.status, replayed.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
    await user.api.POST('/api/v1/ai/batches/{id}/cancel', at(((await replayed.json()) as { id: number }).id));
    const late = await post('wait=0', [{ input: LONG }]);
    expect([late.response.status, late.data]).toEqual([
      202,
      expect.not.objectContaining({ results: expect.anything() }),
    ]);
    await user.api.POST('/api/v1/ai/batches/{id}/cancel', at(dataOf(late).id));
    const large = await post(
      'wait=20',
      Array.from({ length: 101 }, () => ask('x')),
    );
    expect([large.response.status, large.response.headers.get('preference-applied')]).toEqual([202, null]);
  });

  it('goes on when one of its queries fails, and is retried for that one alone', async () => {
    const marker = unique('retried');
    const { id } = await accepted(user.api, [
      ask('good'),
      { input: `[[sim status=400 times=1]] ${marker}`, custom_id: 'bad', settings: FAILING },
      ask('well'),
    ]);
    const first = await over(user.api, id);
    expect(first).toMatchObject({ status: 'finished', counts: { succeeded: 2, failed: 1 } });
    const before = await resultsOf(user, id);
    expect(before[1]).toMatchObject({ status: 'failed', error: { type: '/problems/claude-rejected-request' } });

    const retried = await user.api.POST('/api/v1/ai/batches/{id}/retry', at(id));
    expect(retried.response.status).toBe(202);
    expect(dataOf(retried)).toMatchObject({ id, finished_at: null, counts: { total: 3, succeeded: 2, failed: 0 } });
    const batch = await over(user.api, id);
    expect(batch).toMatchObject({ status: 'finished', counts: { total: 3, succeeded: 3 } });
    const after = await resultsOf(user, id);
    expect([after[0], after[2]]).toEqual([before[0], before[2]]);
    expect(after[1]).toMatchObject({ index: 1, custom_id: 'bad', status: 'succeeded' });
    expect(after[1]!.run_id).toBeGreaterThan(before[1]!.run_id);
    const old = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(before[1]!.run_id)));
    expect(old).toMatchObject({ status: 'failed', batch_id: id });
    expect(await upstreamCalls(sharedStack().simulatorUrl, marker)).toHaveLength(2);
    await expectProblem(await user.api.POST('/api/v1/ai/batches/{id}/retry', at(id)), 'conflict');
  });

  it('is retried once by many who ask at once', async () => {
    const { id } = await accepted(user.api, [{ input: '[[sim status=400]]', settings: FAILING }]);
    await over(user.api, id);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => user.api.POST('/api/v1/ai/batches/{id}/retry', at(id))),
    );
    await over(user.api, id);
    const runs = dataOf(await user.api.GET('/api/v1/ai/runs', { params: { query: { batch_id: id } } })).items;
    expect(answers.filter(({ response }) => response.status === 202).length).toBe(runs.length - 1);
    expect((await resultsOf(user, id)).length).toBe(1);
  });

  it('is cancelled: what runs is given up, what is queued is never sent', async () => {
    const marker = unique('cancelled');
    const { id } = await accepted(
      user.api,
      Array.from({ length: 80 }, () => ({ input: `${LONG} ${marker}` })),
    );
    await until('A running query', async () => (await readBatch(user.api, id)).counts.running > 0);
    const answer = await user.api.POST('/api/v1/ai/batches/{id}/cancel', at(id));
    expect(answer.response.status).toBe(202);
    const batch = await over(user.api, id);
    expect(batch).toMatchObject({ status: 'cancelled', counts: { total: 80, cancelled: 80 } });
    const results = await resultsOf(user, id);
    expect(results.every(({ error }) => error?.type === '/problems/run-cancelled')).toBe(true);
    expect((await upstreamCalls(sharedStack().simulatorUrl, marker)).length).toBeLessThanOrEqual(50);
    expect(dataOf(await user.api.GET('/api/v1/me')).reserved_usd).toBe(0);
    await expectProblem(await user.api.POST('/api/v1/ai/batches/{id}/cancel', at(id)), 'conflict');
  });

  it('tells of its progress until it is over, and how it stands to who comes late', async () => {
    const { id } = await accepted(user.api, [ask('quick'), { input: '[[sim slow_ms=900]] slow' }]);
    const events = await readEvents(await raw(`${BATCHES}/${id}/events`, { key: user.key }));
    expect(events.length).toBeGreaterThan(1);
    expect(events.slice(0, -1).every(({ name }) => name === 'progress')).toBe(true);
    expect(events.at(-1)).toMatchObject({ id: 2, name: 'finished', data: { id, counts: { succeeded: 2 } } });
    const late = await readEvents(await raw(`${BATCHES}/${id}/events`, { key: user.key }));
    expect(late).toEqual([events.at(-1)]);
  });

  it('shows results before its end, with what has not ended as it stands', async () => {
    const { id } = await accepted(user.api, [ask('quick'), { input: LONG }]);
    await until('The quick one', async () => (await readBatch(user.api, id)).counts.succeeded === 1);
    const [quick, slow] = await resultsOf(user, id);
    expect(quick).toMatchObject({ status: 'succeeded', output_text: 'quick' });
    expect(slow).toMatchObject({ status: 'running', output_text: null, error: null, usage: null, cost_usd: null });
    await user.api.POST('/api/v1/ai/batches/{id}/cancel', at(id));
    await over(user.api, id);
  });

  it('comes as lines of JSON too', async () => {
    const body = `${JSON.stringify({ ...ask('é1'), custom_id: 'a' })}\r\n\n${JSON.stringify(ask('two'))}`;
    const headers = { 'content-type': 'application/x-ndjson' };
    const answer = await raw(`${BATCHES}?mode=realtime`, { method: 'POST', key: user.key, body, headers });
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as { id: number };
    await over(user.api, id);
    expect((await resultsOf(user, id)).map(({ output_text }) => output_text)).toEqual(['é1', 'two']);
  });

  it('lets others have their turn, whoever came first and with however many', async () => {
    const crowd = await newUser();
    const many = await accepted(
      crowd.api,
      Array.from({ length: 400 }, () => ({ input: '[[sim slow_ms=150]] crowd' })),
    );
    const few = await accepted(
      user.api,
      Array.from({ length: 20 }, () => ask('few')),
    );
    const single = await user.api.POST('/api/v1/ai/runs', { body: ask('single') });
    expect(single.response.status).toBe(201);
    await over(user.api, few.id);
    expect((await readBatch(crowd.api, many.id)).counts.queued).toBeGreaterThan(100);
    await crowd.api.POST('/api/v1/ai/batches/{id}/cancel', at(many.id));
    await over(crowd.api, many.id, 60_000);
  });

  it('stands in a list, newest first, page by page', async () => {
    const ids: number[] = [];
    for (const text of ['one', 'two', 'three']) ids.push((await accepted(user.api, [ask(text)])).id);
    for (const id of ids) await over(user.api, id);
    const list = (query: object) => user.api.GET(BATCHES, { params: { query } });
    const first = dataOf(await list({ limit: 2 }));
    expect(first.items.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect(first.items[0]).toEqual(await readBatch(user.api, ids[2]!));
    const rest = dataOf(await list({ limit: 2, cursor: first.next_cursor }));
    expect([rest.items.map(({ id }) => id), rest.next_cursor]).toEqual([[ids[0]], null]);
  });

  it('of others is as missing as one that never was', async () => {
    const { id } = await accepted(user.api, [ask('mine')]);
    const other = await newUser();
    const missing = 9_999_999;
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/results'],
      ['GET', '/events'],
      ['POST', '/cancel'],
      ['POST', '/retry'],
    ] as const) {
      const bodies: string[] = [];
      for (const target of [id, missing]) {
        const answer = await raw(`${BATCHES}/${target}${path}`, { method, key: other.key });
        const { request_id, ...problem } = await expectProblem(answer, 'batch-not-found');
        expect(request_id).toBeDefined();
        bodies.push(withoutId(JSON.stringify(problem), target));
      }
      expect(bodies[0]).toBe(bodies[1]);
    }
  });
});
