import { dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectProblem, placesOf, withoutId } from '../support/problems.js';
import { sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';
import { until } from '../support/until.js';

type Run = Schemas['RunResponse'];

const RUNS = '/api/v1/ai/runs';
/** An answer of forty pieces over some 400 ms. */
const SLOW = `[[sim text="${'slowly '.repeat(40)}" deltas=40 delta_ms=10]]`;

describe('runs', () => {
  let user: TestUser;
  let models: Schemas['ModelResponse'][];

  beforeAll(async () => {
    user = await newUser();
    models = dataOf(await user.api.GET('/api/v1/ai/models')).items;
  });

  const at = (id: number): { params: { path: { id: number } } } => ({ params: { path: { id } } });

  async function run(body: Schemas['RunRequest'], api = user.api): Promise<Run> {
    return dataOf(await api.POST(RUNS, { body }));
  }

  async function finished(id: number): Promise<Run> {
    return until(`The end of run ${id}`, async () => {
      const present = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(id)));
      return present.finished_at !== null && present;
    });
  }

  /** What a usage costs by the published prices, in nano-dollars, which are whole. */
  function nanoCost({ model, usage }: Run): number {
    const promptTokens = usage!.input_tokens + usage!.cache_creation_input_tokens + usage!.cache_read_input_tokens;
    const today = new Date().toISOString().slice(0, 10);
    const { prices } = models.find(({ id }) => id === model)!;
    const dates = prices.map(({ effective_from }) => effective_from ?? '').filter((date) => date <= today);
    const price = prices
      .filter(({ effective_from }) => (effective_from ?? '') === dates.sort().at(-1))
      .find(({ up_to_prompt_tokens: limit }) => limit === null || promptTokens <= limit)!;
    const nano = (usdPerMillion: number): number => Math.round(usdPerMillion * 1000);
    return (
      usage!.input_tokens * nano(price.input_usd_per_million) +
      usage!.output_tokens * nano(price.output_usd_per_million) +
      usage!.cache_creation_input_tokens * nano(price.cache_write_5m_usd_per_million) +
      usage!.cache_read_input_tokens * nano(price.cache_read_usd_per_million)
    );
  }

  async function promptOf(template: string, settings: Schemas['SettingsRequest'] = {}) {
    const item = dataOf(await user.api.POST('/api/v1/research-items', { body: { title: 'Tides' } }));
    const prompt = dataOf(
      await user.api.POST('/api/v1/research-items/{id}/prompts', {
        ...at(item.id),
        body: { name: unique('prompt'), template, system: 'Be brief about {{topic}}.', settings },
      }),
    );
    return { itemId: item.id, promptId: prompt.id };
  }

  describe('that are waited for', () => {
    it('answer 201 with everything that the answer came from', async () => {
      const { itemId, promptId } = await promptOf('About {{topic}}. [[sim text="The moon."]]', { max_tokens: 77 });
      const { data, response } = await user.api.POST(RUNS, {
        body: { prompt_id: promptId, variables: { topic: 'tides' }, settings: { effort: 'low' } },
      });
      expect(response.status).toBe(201);
      expect(response.headers.get('location')).toBe(`${RUNS}/${data?.id}`);
      expect(data).toMatchObject({
        status: 'succeeded',
        prompt_id: promptId,
        prompt_version: 1,
        variables: { topic: 'tides' },
        research_item_id: itemId,
        batch_id: null,
        model: 'claude-sonnet-5-5',
        settings: { max_tokens: 77, effort: 'low' },
        system: 'Be brief about tides.',
        messages: [{ role: 'user', content: 'About tides. [[sim text="The moon."]]' }],
        output_text: 'The moon.',
        output: [{ type: 'text', text: 'The moon.' }],
        sources: [],
        stop_reason: 'end_turn',
        error: null,
        simulated: false,
      });
      expect(data?.attempts).toMatchObject([{ number: 1, wait_ms: 0, status_code: 200, error_type: null }]);
      expect(data?.attempts[0]?.claude_request_id).toMatch(/^req_/);
      const read = await raw(`${RUNS}/${data?.id}`, { key: user.key });
      expect(await read.json()).toEqual(data);
      expect(read.headers.get('etag')).toBe(response.headers.get('etag'));
    });

    it('cost exactly what the published prices make of the usage, and the user is told the sum', async () => {
      const payer = await newUser();
      let sum = 0;
      for (const model of ['claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-opus-5-5']) {
        const body = { input: `Say something about ${model}.`, settings: { model } };
        const done = await run(body, payer.api);
        const { input_tokens } = dataOf(await payer.api.POST('/api/v1/ai/token-counts', { body }));
        expect(done.usage?.input_tokens).toBe(input_tokens);
        expect(done.usage?.output_tokens).toBe(Math.ceil(Buffer.byteLength(done.output_text ?? '') / 4));
        expect(done.cost_usd).toBe(nanoCost(done) / 1e9);
        expect(done.billing).toEqual({ state: 'settled', min_usd: done.cost_usd, max_usd: done.cost_usd });
        sum += nanoCost(done);
      }
      expect(dataOf(await payer.api.GET('/api/v1/me'))).toMatchObject({ spent_usd: sum / 1e9, reserved_usd: 0 });
    });

    it('charge what is written to and read from the cache apart', async () => {
      const system = unique('long') + 'x'.repeat(20_000);
      const first = await run({ input: 'One', system });
      const second = await run({ input: 'Two', system });
      expect(first.usage?.cache_creation_input_tokens).toBeGreaterThan(1000);
      expect(second.usage?.cache_read_input_tokens).toBe(first.usage?.cache_creation_input_tokens);
      for (const done of [first, second]) expect(done.cost_usd).toBe(nanoCost(done) / 1e9);
    });

    it('count what they would send without sending it', async () => {
      const marker = unique('count');
      const { input_tokens, max_cost_usd } = dataOf(
        await user.api.POST('/api/v1/ai/token-counts', { body: { input: marker, settings: { max_tokens: 100 } } }),
      );
      expect(input_tokens).toBe(4 + Math.ceil(marker.length / 4));
      expect(max_cost_usd).toBeGreaterThan(0);
      expect(await upstreamCalls(sharedStack().simulatorUrl, marker)).toHaveLength(0);
    });

    it.each<[string, Schemas['RunRequest'], string]>([
      ['nothing to ask', {}, ''],
      ['a prompt and an input', { prompt_id: 1, input: 'x' }, '/input'],
      ['an input with variables', { input: 'x', variables: {} }, '/variables'],
      ['an input with a label', { input: 'x', label: 'a' }, '/label'],
      ['a prompt with an item', { prompt_id: 1, research_item_id: 1 }, '/research_item_id'],
      ['a version and a label', { prompt_id: 1, version: 1, label: 'a' }, '/label'],
      ['the label that is none', { prompt_id: 1, label: 'latest' }, '/label'],
      ['white space', { input: ' \n ' }, '/input'],
    ])('are refused with %s', async (_, body, place) => {
      const problem = await expectProblem(await user.api.POST(RUNS, { body }), 'validation-failed');
      expect(placesOf(problem)).toEqual([place]);
    });

    it('need prompts and items that are there and theirs', async () => {
      const { itemId, promptId } = await promptOf('x {{topic}}');
      const { api } = await newUser();
      const foreign = { prompt_id: promptId, variables: { topic: 'x' } };
      await expectProblem(await api.POST(RUNS, { body: foreign }), 'prompt-not-found');
      await expectProblem(await api.POST(RUNS, { body: { input: 'x', research_item_id: itemId } }), 'item-not-found');
      await expectProblem(await user.api.POST(RUNS, { body: { prompt_id: promptId } }), 'missing-variables');
      const counted = { input: 'x', research_item_id: itemId };
      await expectProblem(await api.POST('/api/v1/ai/token-counts', { body: counted }), 'item-not-found');
      expect((await user.api.POST('/api/v1/ai/token-counts', { body: counted })).response.status).toBe(200);
      const body = { ...foreign, version: 9 };
      await expectProblem(await user.api.POST(RUNS, { body }), 'not-found');
    });
  });

  describe('with a preference', () => {
    const prefer = (Prefer: string, input: string) =>
      user.api.POST(RUNS, { params: { header: { Prefer } }, body: { input } });

    it('are queued at once by respond-async, and finish by themselves', async () => {
      const { data, response } = await prefer('respond-async', 'Later. [[sim text="done"]]');
      expect([response.status, response.headers.get('preference-applied')]).toEqual([202, 'respond-async']);
      expect(response.headers.get('location')).toBe(`${RUNS}/${data?.id}`);
      expect(data).toMatchObject({
        status: 'queued',
        output_text: null,
        usage: null,
        cost_usd: null,
        started_at: null,
      });
      expect(await finished(data!.id)).toMatchObject({ status: 'succeeded', output_text: 'done' });
    });

    it('are left to go on when the answer is not there within wait=N', async () => {
      const { data, response } = await prefer('wait=0', `Slowly. ${SLOW}`);
      expect([response.status, response.headers.get('preference-applied')]).toEqual([202, 'wait=0']);
      expect(data?.status).toBe('running');
      expect(await finished(data!.id)).toMatchObject({ status: 'succeeded', stop_reason: 'end_turn' });
    });

    it.each([
      ['wait=5', 'wait=5'],
      ['handling=lenient, wait=9999', 'wait=300'],
      ['wait=soon', null],
      ['return=minimal', null],
    ])('are answered within %s, and told what was honoured', async (preference, applied) => {
      const { response } = await prefer(preference, 'Quickly.');
      expect([response.status, response.headers.get('preference-applied')]).toEqual([201, applied]);
    });
  });

  describe('in lists', () => {
    it('stand newest first without their large texts', async () => {
      const owner = await newUser();
      const done = await run({ input: 'one' }, owner.api);
      const second = await run({ input: 'two' }, owner.api);
      const { items, next_cursor } = dataOf(await owner.api.GET(RUNS));
      expect(items.map(({ id }) => id)).toEqual([second.id, done.id]);
      expect(next_cursor).toBeNull();
      const large = ['messages', 'system', 'variables', 'output', 'output_text', 'attempts', 'sources'];
      const kept = Object.fromEntries(Object.entries(done).filter(([name]) => !large.includes(name)));
      expect(items[1]).toEqual(kept);
    });

    it('can be narrowed by status, prompt and item', async () => {
      const { itemId, promptId } = await promptOf('About {{topic}}');
      const ofPrompt = await run({ prompt_id: promptId, variables: { topic: 'x' } });
      const ofItem = await run({ input: 'x', research_item_id: itemId });
      await user.api.POST(RUNS, { body: { input: '[[sim status=400]]', research_item_id: itemId } });
      const ids = async (query: Record<string, string | number>): Promise<number[]> =>
        dataOf(await user.api.GET(RUNS, { params: { query } })).items.map(({ id }) => id);
      expect(await ids({ prompt_id: promptId })).toEqual([ofPrompt.id]);
      expect(await ids({ research_item_id: itemId, status: 'succeeded' })).toEqual([ofItem.id, ofPrompt.id]);
      expect(await ids({ research_item_id: itemId, status: 'failed' })).toHaveLength(1);
      expect(await ids({ batch_id: 999_999 })).toEqual([]);
      const problem = await expectProblem(await raw(`${RUNS}?status=done`, { key: user.key }), 'validation-failed');
      expect(placesOf(problem)).toEqual(['status']);
    });

    it('come page by page, and a cursor is good for its own filter alone', async () => {
      const owner = await newUser();
      for (let count = 0; count < 3; count += 1) await run({ input: 'x' }, owner.api);
      const list = (query: object) => owner.api.GET(RUNS, { params: { query } });
      const { items, next_cursor } = dataOf(await list({ limit: 2 }));
      const rest = dataOf(await list({ limit: 2, cursor: next_cursor }));
      expect([...items, ...rest.items].map(({ id }) => id)).toHaveLength(3);
      expect(rest.next_cursor).toBeNull();
      await expectProblem(await list({ cursor: next_cursor, status: 'succeeded' }), 'validation-failed');
    });
  });

  it('outlive the item and the prompt that they came from', async () => {
    const { itemId, promptId } = await promptOf('About {{topic}}');
    const done = await run({ prompt_id: promptId, variables: { topic: 'x' } });
    await user.api.DELETE('/api/v1/research-items/{id}', at(itemId));
    const kept = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(done.id)));
    expect(kept).toEqual({ ...done, research_item_id: null, prompt_id: null });
  });

  it('of others are as missing as those that never were', async () => {
    const { id } = await run({ input: 'x' });
    const { key } = await newUser();
    const answer = async (run_id: number): Promise<string> => {
      const response = await raw(`${RUNS}/${run_id}`, { key, headers: { 'x-request-id': 'same' } });
      return `${response.status} ${withoutId(await response.text(), run_id)}`;
    };
    expect(await answer(id)).toBe(await answer(id + 1_000_000));
  });

  describe('within a budget', () => {
    it('stop where their worst case would pass it, before anything is sent', async () => {
      const marker = unique('budget');
      const poor = await newUser(undefined, 0.001);
      const problem = await expectProblem(await poor.api.POST(RUNS, { body: { input: marker } }), 'budget-exceeded');
      expect(problem).toMatchObject({ remaining_usd: 0.001 });
      expect(await upstreamCalls(sharedStack().simulatorUrl, marker)).toHaveLength(0);
      const done = await run({ input: marker, settings: { max_tokens: 20 } }, poor.api);
      expect(dataOf(await poor.api.GET('/api/v1/me'))).toMatchObject({ spent_usd: done.cost_usd, reserved_usd: 0 });
    });

    it('cannot be passed by many at once', async () => {
      const settings = { max_tokens: 100 };
      const body = { input: 'Race. [[sim slow_ms=200]]', settings };
      const { max_cost_usd } = dataOf(await user.api.POST('/api/v1/ai/token-counts', { body }));
      const racer = await newUser(undefined, Number((max_cost_usd! * 4).toFixed(9)));
      const answers = await Promise.all(Array.from({ length: 30 }, () => racer.api.POST(RUNS, { body })));
      const statuses = answers.map(({ response }) => response.status);
      expect(statuses.filter((status) => status === 201).length).toBeGreaterThan(0);
      expect(statuses.filter((status) => status === 201).length).toBeLessThanOrEqual(4);
      expect(new Set(statuses)).toEqual(new Set([201, 429]));
      const me = dataOf(await racer.api.GET('/api/v1/me'));
      expect(me.spent_usd).toBeLessThanOrEqual(me.budget_usd!);
      expect(me.reserved_usd).toBe(0);
    });
  });
});
