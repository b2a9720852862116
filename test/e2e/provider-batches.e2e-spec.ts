import { BATCHES, accepted, at, over, type Query, readBatch, resultsOf } from '../support/batches.js';
import { dataOf, newUser, type TestUser, unique } from '../support/client.js';
import { expectProblem } from '../support/problems.js';
import { sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';
import { until } from '../support/until.js';

const ask = (text: string, more: Partial<Query> = {}): Query => ({ input: `[[sim text="${text}"]]`, ...more });
const MESSAGE_BATCHES = '/v1/messages/batches';
const RUN = '/api/v1/ai/runs/{id}';

describe('a batch in mode provider', () => {
  let user: TestUser;

  beforeEach(async () => {
    user = await newUser();
  });

  const submissions = (marker: string) => upstreamCalls(sharedStack().simulatorUrl, marker, MESSAGE_BATCHES);
  const running = (id: number) =>
    until('The batch at Claude', async () => (await readBatch(user.api, id)).counts.running > 0);
  const me = async () => dataOf(await user.api.GET('/api/v1/me'));

  it('goes to Claude in one call, and each answer to its own query, whatever the order of the results', async () => {
    const marker = unique('together');
    const queries = ['one', 'two', 'three', 'four'].map((text) =>
      ask(text, { custom_id: text, system: marker, settings: { max_tokens: 50 } }),
    );
    const { id, mode } = await accepted(user.api, queries, 'provider');
    expect(mode).toBe('provider');
    expect(await over(user.api, id)).toMatchObject({ status: 'finished', counts: { total: 4, succeeded: 4 } });
    expect(await submissions(marker)).toHaveLength(1);
    expect(await upstreamCalls(sharedStack().simulatorUrl, marker)).toEqual([]);
    const results = await resultsOf(user, id);
    expect(results.map(({ index, custom_id, output_text }) => [index, custom_id, output_text])).toEqual([
      [0, 'one', 'one'],
      [1, 'two', 'two'],
      [2, 'three', 'three'],
      [3, 'four', 'four'],
    ]);
  });

  it('costs half of what its queries cost alone, to the nano-dollar, and sets half aside', async () => {
    const body: Query = { input: '[[sim text="the same answer"]]', settings: { max_tokens: 1000 } };
    const alone = dataOf(await user.api.POST('/api/v1/ai/runs', { body }));
    const { id } = await accepted(user.api, [body, { ...body, input: `[[sim hang]]${body.input}` }], 'provider');
    await running(id);
    const { max_cost_usd } = dataOf(await user.api.POST('/api/v1/ai/token-counts', { body }));
    const reserved = (await me()).reserved_usd;
    expect(reserved).toBeGreaterThan(max_cost_usd! / 2);
    expect(reserved).toBeLessThan(2 * max_cost_usd!);
    await user.api.POST('/api/v1/ai/batches/{id}/cancel', at(id));
    const batch = await over(user.api, id);
    const [result] = await resultsOf(user, id);
    expect(result).toMatchObject({ status: 'succeeded', usage: alone.usage, cost_usd: alone.cost_usd! / 2 });
    expect(batch.cost_usd).toBe(result!.cost_usd);
    const { spent_usd, reserved_usd } = await me();
    expect([spent_usd, reserved_usd]).toEqual([(alone.cost_usd! * 3) / 2, 0]);
    const usage = dataOf(await user.api.GET('/api/v1/ai/usage', { params: { query: { group_by: 'model' } } }));
    expect(usage.items).toMatchObject([{ runs: 3, cost_usd: spent_usd, unknown_max_usd: 0 }]);
  });

  it('has runs that can be read and followed as any other', async () => {
    const { id } = await accepted(user.api, [ask('followed')], 'provider');
    await over(user.api, id);
    const { run_id } = (await resultsOf(user, id))[0]!;
    const run = dataOf(await user.api.GET(RUN, at(run_id)));
    expect(run).toMatchObject({
      batch_id: id,
      status: 'succeeded',
      output_text: 'followed',
      stop_reason: 'end_turn',
      billing: { state: 'settled', min_usd: run.cost_usd, max_usd: run.cost_usd },
      attempts: [{ number: 1, status_code: 200, error_type: null }],
    });
    const { data: events } = await user.api.GET('/api/v1/ai/runs/{id}/events', { ...at(run_id), parseAs: 'text' });
    expect([...String(events).matchAll(/^event: (\w+)$/gm)].map(([, name]) => name)).toEqual([
      'run',
      'delta',
      'usage',
      'succeeded',
    ]);
  });

  it('lets no query fail another: each has the problem that it would have alone', async () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'integer' } },
      required: ['a'],
      additionalProperties: false,
    };
    const { id } = await accepted(
      user.api,
      [
        ask('good'),
        { input: '[[sim status=529]]' },
        { input: '[[sim expired]]' },
        { input: '[[sim status=400 message="no such thing"]]' },
        { input: '[[sim status=401]]' },
        ask('not json', { settings: { output_schema: schema } }),
        { input: 'x', settings: { effort: 'max', model: 'claude-nothing' } },
      ],
      'provider',
    );
    const batch = await over(user.api, id);
    expect(batch).toMatchObject({ status: 'finished', counts: { succeeded: 1, failed: 6 } });
    const results = await resultsOf(user, id);
    expect(results.map(({ error }) => error?.type ?? null)).toEqual([
      null,
      '/problems/claude-overloaded',
      '/problems/claude-timeout',
      '/problems/claude-rejected-request',
      '/problems/claude-misconfigured',
      '/problems/output-invalid',
      '/problems/claude-rejected-request',
    ]);
    expect(results[3]!.error!.detail).toContain('no such thing');
    // Claude bills no result without an answer; the answer that did not fit was one.
    const { spent_usd, reserved_usd } = await me();
    expect([spent_usd, reserved_usd]).toEqual([batch.cost_usd, 0]);
    for (const { run_id, status } of results.filter(({ error }) => error && !error.type.endsWith('output-invalid'))) {
      expect(status).toBe('failed');
      expect(dataOf(await user.api.GET(RUN, at(run_id))).billing).toEqual({ state: 'none', min_usd: 0, max_usd: 0 });
    }
  });

  it('is sent again when Claude did not take it, and fails when it never does', async () => {
    const marker = unique('refused');
    const once = await accepted(
      user.api,
      [ask('x'), { input: `[[sim on=batches status=529 times=1]] ${marker}` }],
      'provider',
    );
    expect(await over(user.api, once.id)).toMatchObject({ counts: { succeeded: 2 } });
    expect(await submissions(marker)).toHaveLength(2);

    const never = await accepted(user.api, [ask('x'), { input: '[[sim on=batches status=503]]' }], 'provider');
    expect(await over(user.api, never.id)).toMatchObject({ status: 'finished', counts: { failed: 2 } });
    for (const { error } of await resultsOf(user, never.id)) expect(error?.type).toBe('/problems/claude-overloaded');

    const bad = unique('rejected');
    const rejected = await accepted(user.api, [{ input: `[[sim on=batches status=400]] ${bad}` }], 'provider');
    expect(await over(user.api, rejected.id)).toMatchObject({ counts: { failed: 1 } });
    expect(await submissions(bad)).toHaveLength(1);
    expect((await me()).reserved_usd).toBe(0);
  });

  it('is sent again after an answer that tells nothing, once it is known that Claude has not taken it', async () => {
    const marker = unique('lost');
    const { id } = await accepted(user.api, [{ input: `[[sim on=batches reset times=1]] ${marker}` }], 'provider');
    expect(await over(user.api, id)).toMatchObject({ counts: { succeeded: 1 } });
    expect(await submissions(marker)).toHaveLength(2);
  });

  it('is cancelled at Claude: what has its answer keeps it, what has none costs nothing', async () => {
    const { id } = await accepted(user.api, [ask('answered'), { input: '[[sim hang]]' }], 'provider');
    await running(id);
    const { run_id } = (await resultsOf(user, id))[0]!;
    const alone = await user.api.POST('/api/v1/ai/runs/{id}/cancel', at(run_id));
    expect((await expectProblem(alone, 'conflict')).detail).toContain(`batch ${id}`);
    const cancelled = await user.api.POST('/api/v1/ai/batches/{id}/cancel', at(id));
    expect(cancelled.response.status).toBe(202);
    const batch = await over(user.api, id);
    expect(batch).toMatchObject({ status: 'cancelled', counts: { succeeded: 1, cancelled: 1 } });
    expect(await me()).toMatchObject({ spent_usd: batch.cost_usd, reserved_usd: 0 });
    await expectProblem(await user.api.POST('/api/v1/ai/batches/{id}/cancel', at(id)), 'conflict');
  });

  it('is retried for what failed of it, with Claude again, under a key but once', async () => {
    const marker = unique('again');
    const { id } = await accepted(
      user.api,
      [ask('good'), { input: `[[sim status=500 times=1]] ${marker}` }],
      'provider',
    );
    await over(user.api, id);
    const params = { ...at(id).params, header: { 'Idempotency-Key': unique('key') } };
    for (const replayed of [null, 'true']) {
      const { response } = await user.api.POST('/api/v1/ai/batches/{id}/retry', { params });
      expect([response.status, response.headers.get('idempotency-replayed')]).toEqual([202, replayed]);
    }
    expect(await over(user.api, id)).toMatchObject({ mode: 'provider', counts: { total: 2, succeeded: 2 } });
    expect(await submissions(marker)).toHaveLength(2);
  });

  it('is waited for by Prefer, and made but once under a key', async () => {
    const marker = unique('keyed');
    const params = { header: { 'Idempotency-Key': unique('key'), Prefer: 'wait=20' } };
    const body = { queries: [ask('waited', { system: marker })], mode: 'provider' as const };
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => user.api.POST(BATCHES, { params, body })));
    const ids = [first!, ...others].map((answer) => dataOf(answer).id);
    expect(new Set(ids).size).toBe(1);
    expect(await over(user.api, ids[0]!)).toMatchObject({ counts: { succeeded: 1 } });
    expect(await submissions(marker)).toHaveLength(1);
  });
});
