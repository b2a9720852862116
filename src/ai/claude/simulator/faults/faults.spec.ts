import { ServerResponse } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import { jest } from '@jest/globals';
import { startSimulator, type RunningSimulator } from '../simulator.server.js';

type Events = { types: string[]; text: string; error: unknown };

describe('faults of the simulated Claude', () => {
  let simulator: RunningSimulator;
  let client: Anthropic;

  beforeAll(async () => {
    simulator = await startSimulator({ faults: true });
    client = new Anthropic({ apiKey: 'none', baseURL: simulator.baseUrl, maxRetries: 0, logLevel: 'off' });
  });
  afterAll(() => simulator.close());

  const params = (content: string): Anthropic.MessageCreateParamsNonStreaming => ({
    model: 'claude-sonnet-5-5',
    max_tokens: 1000,
    messages: [{ role: 'user', content }],
  });
  const ask = (content: string, options?: Anthropic.RequestOptions): Promise<Anthropic.Message> =>
    client.messages.create(params(content), options);
  const failure = (content: string, options?: Anthropic.RequestOptions): Promise<unknown> =>
    ask(content, options).then(
      () => 'no failure',
      (error: unknown) => error,
    );

  async function stream(content: string, quietMs = 10_000): Promise<Events> {
    const seen: Events = { types: [], text: '', error: null };
    const events = await client.messages.create({ ...params(content), stream: true });
    const watchdog = setTimeout(() => events.controller.abort(), quietMs);
    try {
      for await (const event of events) {
        seen.types.push(event.type);
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') seen.text += event.delta.text;
      }
    } catch (error) {
      seen.error = error;
    }
    clearTimeout(watchdog);
    return seen;
  }

  it('fails with the wanted status as often as wanted', async () => {
    const question = '[[sim status=529 times=2 retry_after=1 key=a1]] Hello';
    const error = { status: 529, type: 'overloaded_error', headers: expect.anything() };
    expect(await failure(question)).toMatchObject(error);
    const second = await failure(question);
    expect(second).toMatchObject(error);
    expect((second as InstanceType<typeof Anthropic.APIError>).headers?.get('retry-after')).toBe('1');
    expect((await ask(question)).content[0]).toMatchObject({ text: expect.stringContaining('You asked: "Hello"') });
  });

  it('counts the same directive under another key apart', async () => {
    expect(await failure('[[sim status=500 times=1 key=b1]]')).toMatchObject({ status: 500 });
    expect(await failure('[[sim status=500 times=1 key=b2]]')).toMatchObject({ status: 500 });
  });

  it('plays several faults one after the other', async () => {
    const question = '[[sim status=500 times=1 key=c]] [[sim status=429 times=1 key=c retry_after_ms=7]]';
    expect(await failure(question)).toMatchObject({ status: 500, type: 'api_error' });
    expect(await failure(question)).toMatchObject({ status: 429, type: 'rate_limit_error' });
    await ask(question);
  });

  it('lets calls pass before it fails', async () => {
    const question = '[[sim status=500 skip=1 times=1 key=d]]';
    await ask(question);
    expect(await failure(question)).toMatchObject({ status: 500 });
    await ask(question);
  });

  it('uses the given error type, message and date', async () => {
    const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
    const error = await failure(
      `[[sim status=403 error_type=billing_error message="Say \\"no\\"" retry_after="${date}"]]`,
    );
    expect(error).toMatchObject({ status: 403, type: 'billing_error', apiMessage: 'Say "no"' });
    expect((error as InstanceType<typeof Anthropic.APIError>).headers?.get('retry-after')).toBe(date);
  });

  it('reaches the spend cap without a retry-after', async () => {
    const error = await failure('[[sim spend_cap]]');
    expect(error).toMatchObject({ status: 429, errorCode: 'enforced_spend_limit_reached' });
    expect((error as InstanceType<typeof Anthropic.APIError>).headers?.has('retry-after')).toBe(false);
  });

  it.each(['hang', 'slow_ms=60000'])('accepts a call and says nothing: %s', async (directive) => {
    expect(await failure(`[[sim ${directive}]]`, { timeout: 100 })).toBeInstanceOf(Anthropic.APIConnectionTimeoutError);
  });

  it('sends headers and nothing else', async () => {
    expect(await stream('[[sim hang_headers]]', 100)).toEqual({ types: [], text: '', error: null });
  });

  it('resets the connection before an answer', async () => {
    expect(await failure('[[sim reset]]')).toBeInstanceOf(Anthropic.APIConnectionError);
  });

  it('sends unreadable bodies', async () => {
    expect(await failure('[[sim garbage]]')).toMatchObject({ name: 'SyntaxError' });
    expect((await stream('[[sim garbage]]')).error).toMatchObject({ name: 'SyntaxError' });
    expect(await failure('[[sim html]]')).toMatchObject({ status: 502, type: null });
  });

  it('stalls, resets, ends and fails after some deltas of a stream', async () => {
    const after = (directive: string, quietMs?: number): Promise<Events> =>
      stream(`[[sim ${directive} deltas=4 text="abcdefgh"]]`, quietMs);
    const [hung, reset, ended, failed, early] = await Promise.all([
      after('hang_after=2', 200),
      after('reset_after=3'),
      after('end_after=1'),
      after('error_after=2 error_type=api_error'),
      after('reset_after=0'),
    ]);
    expect(hung).toMatchObject({ text: 'abcd', error: null });
    expect(reset.text).toBe('abcdef');
    expect(reset.error).not.toBeNull();
    expect(ended).toMatchObject({ text: 'ab', error: null });
    expect(ended.types).not.toContain('message_stop');
    expect(failed).toMatchObject({ text: 'abcd', error: { type: 'api_error', status: undefined } });
    expect(early).toMatchObject({ text: '', types: ['message_start', 'content_block_start'] });
  });

  it('breaks a whole answer in its middle', async () => {
    expect(await failure('[[sim reset_after=1]]')).toMatchObject({ message: 'terminated' });
    expect(await failure('[[sim end_after=1]]')).toMatchObject({ name: 'SyntaxError' });
    expect(await failure('[[sim error_after=1]]')).toMatchObject({ status: 529 });
  });

  it('answers the exact text in the wanted number of deltas and at the wanted pace', async () => {
    const began = performance.now();
    const { text, types } = await stream('[[sim text="One.\\nTwo." deltas=3 delta_ms=30]]');
    expect(text).toBe('One.\nTwo.');
    expect(types.filter((type) => type === 'content_block_delta')).toHaveLength(3);
    expect(performance.now() - began).toBeGreaterThan(55);
  });

  it('stops for the wanted reason', async () => {
    expect(await ask('[[sim stop_reason=refusal]]')).toMatchObject({
      stop_reason: 'refusal',
      stop_details: { type: 'refusal' },
    });
    expect(await ask('[[sim stop_reason=model_context_window_exceeded]]')).toMatchObject({
      stop_reason: 'model_context_window_exceeded',
    });
  });

  it('pauses a turn once, and goes on when it gets the turn back', async () => {
    const [first] = params('[[sim stop_reason=pause_turn times=1 key=d]] Hello').messages;
    if (!first) throw new Error('no message');
    const paused = await client.messages.create({ ...params(''), messages: [first] });
    expect(paused.stop_reason).toBe('pause_turn');
    const messages = [first, { role: 'assistant' as const, content: paused.content }];
    expect((await client.messages.create({ ...params(''), messages })).stop_reason).toBe('end_turn');
  });

  it('thinks first, leaves out usage, and violates a schema', async () => {
    const thoughtful = await client.messages.stream(params('[[sim thinking]]')).finalMessage();
    expect(thoughtful.content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    expect(thoughtful.usage.output_tokens_details?.thinking_tokens).toBeGreaterThan(0);
    expect(await ask('[[sim no_usage]]')).not.toHaveProperty('usage');
    const schema = { type: 'object', properties: {}, additionalProperties: false };
    const format = { type: 'json_schema' as const, schema };
    const wrong = await client.messages.create({ ...params('[[sim invalid_json]]'), output_config: { format } });
    expect(wrong.content[0]).toMatchObject({ type: 'text', text: expect.stringMatching(/^"/) });
  });

  it('leaves token counts alone unless the directive names them', async () => {
    const { max_tokens: _, ...plain } = params('[[sim status=500]]');
    expect((await client.messages.countTokens(plain)).input_tokens).toBeGreaterThan(0);
    const { max_tokens: __, ...named } = params('[[sim on=count_tokens status=500]]');
    await expect(client.messages.countTokens(named)).rejects.toMatchObject({ status: 500 });
  });

  it.each([
    '[[sim statuss=500]]',
    '[[sim status=200]]',
    '[[sim status=]]',
    '[[sim deltas=many]]',
    '[[sim stop_reason=x]]',
  ])('refuses a directive with a mistake in it: %s', async (directive) => {
    expect(await failure(directive)).toMatchObject({ status: 400, apiMessage: expect.stringMatching(/^simulator: /) });
  });

  it('stops working on a stream whose client has left', async () => {
    const write = jest.spyOn(ServerResponse.prototype, 'write');
    const question = '[[sim delta_ms=20 deltas=50]]';
    const left = await client.messages.create({ ...params(question), stream: true });
    for await (const event of left) if (event.type === 'content_block_delta') break;
    // Timers of one length end in the order in which they began: a stream that went on would be through before the next.
    expect((await stream(question)).types).toContain('message_stop');
    const { contexts } = write.mock;
    write.mockRestore();
    const framesOf = (response: unknown): number => contexts.filter((each) => each === response).length;
    expect(framesOf(contexts.at(-1))).toBeGreaterThan(50);
    expect(framesOf(contexts[0])).toBeLessThan(framesOf(contexts.at(-1)));
  });

  it('shows the calls that reached it', async () => {
    const question = 'Who said "marker-7"?\n[[sim status=500 times=1 key=e]]';
    await failure(question);
    await stream(question);
    const cut = await client.messages.create({
      ...params('Who said "marker-7"?\n[[sim delta_ms=20 deltas=50]]'),
      stream: true,
    });
    for await (const event of cut) if (event.type === 'content_block_delta') break;
    const url = `${simulator.baseUrl}/__calls?contains=${encodeURIComponent('said "marker-7"?\n')}&path=/v1/messages`;
    const log = (await (await fetch(url)).json()) as { count: number; calls: object[] };
    expect(log).toMatchObject({
      count: 3,
      calls: [
        { path: '/v1/messages', status: 500, ended: true, stream: false },
        { path: '/v1/messages', status: 200, ended: true, stream: true },
        { path: '/v1/messages', status: 200, ended: false, stream: true },
      ],
    });
  });
});
