import { dataOf, newUser, type Schemas, type TestUser, unique } from '../support/client.js';
import type { Run } from '../support/fault-runs.js';
import { expectProblem, placesOf } from '../support/problems.js';
import { sharedStack } from '../support/shared-stack.js';
import { upstreamCalls } from '../support/simulator.js';

const RUNS = '/api/v1/ai/runs';
const VERDICT = {
  type: 'object',
  properties: { verdict: { type: 'string' }, score: { type: 'integer' } },
  required: ['verdict', 'score'],
  additionalProperties: false,
};
/** How often a pause is continued. */
const CONTINUATIONS = 8;

describe('an answer of Claude', () => {
  let user: TestUser;

  beforeAll(async () => {
    user = await newUser();
  });

  const ask = (input: string, settings: Schemas['SettingsRequest'] = {}, system?: string) =>
    user.api.POST(RUNS, { body: { input, settings, ...(system === undefined ? {} : { system }) } });
  const answered = async (...question: Parameters<typeof ask>): Promise<Run> => dataOf(await ask(...question));

  it.each(['end_turn', 'max_tokens', 'stop_sequence', 'refusal', 'model_context_window_exceeded', 'tool_use'])(
    'is a success that tells why it stopped: %s',
    async (reason) => {
      const run = await answered(`[[sim stop_reason=${reason} text="So far."]]`);
      expect(run).toMatchObject({
        status: 'succeeded',
        stop_reason: reason,
        output_text: 'So far.',
        billing: { state: 'settled' },
        error: null,
      });
      expect(run.cost_usd).toBeGreaterThan(0);
    },
  );

  describe('that is paused', () => {
    it('is continued: one run, an attempt for each turn, texts joined and usage added', async () => {
      const marker = unique('pause');
      const pause = `[[sim key=${marker} times=1 stop_reason=pause_turn text="First. "]]`;
      const run = await answered(`${marker} [[sim text="Second."]] ${pause}`);
      expect(run).toMatchObject({ status: 'succeeded', stop_reason: 'end_turn', output_text: 'First. Second.' });
      expect(run.attempts).toMatchObject([
        { number: 1, status_code: 200, error_type: null },
        { number: 2, status_code: 200, error_type: null, wait_ms: 0 },
      ]);
      const texts = run.output!.filter(({ type }) => type === 'text');
      expect(texts).toMatchObject([{ text: 'First. ' }, { text: 'Second.' }]);
      expect(await upstreamCalls(sharedStack().simulatorUrl, marker)).toHaveLength(2);
      const single = await answered(`${marker} [[sim text="Second."]]`);
      expect(run.usage!.input_tokens).toBeGreaterThan(2 * single.usage!.input_tokens - 1);
      expect(run.cost_usd).toBeGreaterThan(single.cost_usd!);
      expect(run.billing).toEqual({ state: 'settled', min_usd: run.cost_usd, max_usd: run.cost_usd });
    });

    it('is continued so often and no more', async () => {
      const run = await answered('[[sim stop_reason=pause_turn text="On. "]]');
      expect(run).toMatchObject({ status: 'succeeded', stop_reason: 'pause_turn' });
      expect(run.attempts).toHaveLength(1 + CONTINUATIONS);
      expect(run.output_text).toBe('On. '.repeat(1 + CONTINUATIONS));
    });

    it('keeps its first turns when a later one breaks, and bills them', async () => {
      const marker = unique('pause');
      const pause = `[[sim key=${marker} times=1 stop_reason=pause_turn text="First. "]]`;
      const cut = `[[sim key=${marker} skip=1 end_after=2 deltas=4 text="Second, cut."]]`;
      const input = `${marker} ${pause} ${cut}`;
      const problem = await expectProblem(await ask(input, { model: 'claude-opus-5' }), 'claude-interrupted');
      const path = { id: problem.run_id! };
      const run = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', { params: { path } }));
      expect(run.output_text).toMatch(/^First\. Sec/);
      expect(run.attempts).toMatchObject([{ error_type: null }, { error_type: 'stream_broken' }]);
      expect(run.billing.state).toBe('unknown');
      expect(run.billing.min_usd).toBeGreaterThan(run.cost_usd!);
      expect(run.cost_usd).toBeGreaterThan(0);
    });
  });

  describe('of a given shape', () => {
    it('is JSON of that shape', async () => {
      const run = await answered('Judge.', { output_schema: VERDICT });
      const output = JSON.parse(run.output_text!) as object;
      expect(output).toEqual({ verdict: expect.any(String) as string, score: expect.any(Number) as number });
      expect(run).toMatchObject({ status: 'succeeded', settings: { output_schema: VERDICT } });
    });

    it.each([
      ['no JSON', 'invalid_json'],
      ['another shape', String.raw`text="{\"verdict\": 5, \"score\": 1}"`],
      ['a part of it', String.raw`stop_reason=max_tokens text="{\"verdict\": \"so"`],
    ])('that comes as %s fails the run, which keeps text, usage and cost', async (_, fault) => {
      const problem = await expectProblem(await ask(`[[sim ${fault}]]`, { output_schema: VERDICT }), 'output-invalid');
      const path = { id: problem.run_id! };
      const run = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', { params: { path } }));
      expect(run).toMatchObject({
        status: 'failed',
        error: { type: '/problems/output-invalid', detail: problem.detail },
        output_text: expect.stringMatching(/./) as string,
        billing: { state: 'settled' },
        attempts: [{ number: 1, status_code: 200, error_type: null }],
      });
      expect(run.usage!.output_tokens).toBeGreaterThan(0);
      expect(run.cost_usd).toBeGreaterThan(0);
      expect(problem.detail).not.toContain(run.output_text);
    });

    it('may be refused: that is no mismatch', async () => {
      const run = await answered('[[sim stop_reason=refusal text="I will not."]]', { output_schema: VERDICT });
      expect(run).toMatchObject({ status: 'succeeded', stop_reason: 'refusal', output_text: 'I will not.' });
    });
  });

  it('from the web names its sources', async () => {
    const run = await answered('What do tides do to batteries?', { web_search: true });
    expect(run.sources.length).toBeGreaterThan(0);
    for (const source of run.sources) {
      expect(source).toEqual({
        title: expect.any(String) as string,
        url: expect.stringMatching(/^https?:\/\//) as string,
        cited_text: expect.stringMatching(/./) as string,
      });
    }
    expect(run.output!.map(({ type }) => type)).toEqual(expect.arrayContaining(['server_tool_use', 'text']));
  });

  it('to a long system prompt writes the cache first and reads it afterwards, each at its price', async () => {
    const system = `${unique('system')} ${'You know all about tides and batteries. '.repeat(400)}`;
    const first = await answered('One.', {}, system);
    const second = await answered('Two.', {}, system);
    expect(first.usage!.cache_creation_input_tokens).toBeGreaterThan(0);
    expect(first.usage!.cache_read_input_tokens).toBe(0);
    expect(second.usage!.cache_read_input_tokens).toBe(first.usage!.cache_creation_input_tokens);
    expect(second.usage!.cache_creation_input_tokens).toBe(0);
    // Reading the cache costs less than a tenth of writing it, and is most of the prompt.
    expect(second.cost_usd).toBeLessThan(first.cost_usd!);
    const short = await answered('Three.', {}, 'Be brief.');
    expect(short.usage!.cache_creation_input_tokens).toBe(0);
  });

  it.each(['temperature', 'top_p', 'top_k', 'thinking', 'budget_tokens', 'metadata'])(
    'is not asked for with %s: we refuse it by name, and Claude is not called',
    async (name) => {
      const marker = unique('refused');
      const settings = { [name]: 1 } as Schemas['SettingsRequest'];
      const problem = await expectProblem(await ask(marker, settings), 'validation-failed');
      expect(placesOf(problem)).toEqual([`/settings/${name}`]);
      expect(await upstreamCalls(sharedStack().simulatorUrl, marker)).toEqual([]);
    },
  );
});
