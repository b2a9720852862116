import Anthropic from '@anthropic-ai/sdk';
import { startSimulator, type RunningSimulator } from './simulator.server.js';

const MODEL = 'claude-sonnet-5-5';
const hello: Anthropic.MessageCreateParamsNonStreaming = {
  model: MODEL,
  max_tokens: 1000,
  messages: [{ role: 'user', content: 'What is a dossier?' }],
};

function textOf(message: Anthropic.Message): string {
  return message.content.flatMap((block) => (block.type === 'text' ? block.text : [])).join('');
}

describe('simulated Claude', () => {
  let simulator: RunningSimulator;
  let client: Anthropic;

  beforeAll(async () => {
    simulator = await startSimulator();
    client = new Anthropic({ apiKey: 'none', baseURL: simulator.baseUrl, maxRetries: 0 });
  });
  afterAll(() => simulator.close());

  it('answers a message, says that it is simulated, and bills it', async () => {
    const { data, response, request_id } = await client.messages.create(hello).withResponse();
    expect(textOf(data)).toMatch(/^\[simulated\] You asked: "What is a dossier\?"/);
    expect(data).toMatchObject({ role: 'assistant', model: MODEL, stop_reason: 'end_turn', stop_sequence: null });
    expect(data.usage.output_tokens).toBe(Math.ceil(Buffer.byteLength(textOf(data)) / 4));
    expect(request_id).toMatch(/^req_/);
    expect(response.headers.get('anthropic-ratelimit-requests-remaining')).toMatch(/^\d+$/);
  });

  it('gives the same answer to the same request, streamed or not, under a new id', async () => {
    const [first, second, streamed] = await Promise.all([
      client.messages.create(hello),
      client.messages.create(hello),
      client.messages.stream(hello).finalMessage(),
    ]);
    expect(second.content).toEqual(first.content);
    expect(streamed).toMatchObject({ content: first.content, usage: first.usage, stop_reason: 'end_turn' });
    expect(second.id).not.toBe(first.id);
  });

  it('sends the events of a stream in the order of the API', async () => {
    const events: string[] = [];
    for await (const event of await client.messages.create({ ...hello, stream: true })) events.push(event.type);
    const deltas = events.filter((type) => type === 'content_block_delta');
    expect(deltas.length).toBeGreaterThan(5);
    expect(events).toEqual([
      'message_start',
      'content_block_start',
      ...deltas,
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  it('ends at max_tokens', async () => {
    const message = await client.messages.create({ ...hello, max_tokens: 5 });
    expect(message).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 5 } });
    expect(textOf(message)).toHaveLength(20);
  });

  it('ends before a stop sequence and names it', async () => {
    const message = await client.messages.create({ ...hello, stop_sequences: ['never', 'asked'] });
    expect(message).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'asked' });
    expect(textOf(message)).toBe('[simulated] You ');
  });

  it('counts the tokens that it will bill', async () => {
    const { max_tokens: _, ...counted } = { ...hello, system: 'Be brief.' };
    const { input_tokens } = await client.messages.countTokens(counted);
    const message = await client.messages.create({ ...hello, system: 'Be brief.' });
    expect(input_tokens).toBeGreaterThan(5);
    expect(message.usage.input_tokens).toBe(input_tokens);
  });

  it('writes a marked prefix to the cache, and reads it from there the next time', async () => {
    const system = [{ type: 'text' as const, text: 'x'.repeat(8000), cache_control: { type: 'ephemeral' as const } }];
    const first = await client.messages.create({ ...hello, system });
    const second = await client.messages.create({ ...hello, system });
    expect(first.usage).toMatchObject({ cache_creation_input_tokens: 2000, cache_read_input_tokens: 0 });
    expect(second.usage).toMatchObject({ cache_creation_input_tokens: 0, cache_read_input_tokens: 2000 });
    expect(second.usage.input_tokens).toBe(first.usage.input_tokens);
  });

  it('answers in JSON when a schema is given', async () => {
    const schema = {
      type: 'object',
      properties: { answer: { type: 'string' }, sure: { type: 'boolean' } },
      required: ['answer', 'sure'],
      additionalProperties: false,
    };
    const message = await client.messages.create({
      ...hello,
      output_config: { format: { type: 'json_schema', schema } },
    });
    const answer = JSON.parse(textOf(message)) as Record<string, unknown>;
    expect(answer).toEqual({ answer: expect.stringContaining('[simulated]'), sure: expect.any(Boolean) });
  });

  it('searches the web in simulation, and cites what it found, streamed or not', async () => {
    const params = { ...hello, tools: [{ type: 'web_search_20250305' as const, name: 'web_search' as const }] };
    const message = await client.messages.create(params);
    expect(message.content.map((block) => block.type).slice(0, 3)).toEqual([
      'text',
      'server_tool_use',
      'web_search_tool_result',
    ]);
    const citations = message.content.flatMap((block) => (block.type === 'text' ? (block.citations ?? []) : []));
    expect(citations[0]).toMatchObject({
      type: 'web_search_result_location',
      url: expect.stringContaining('example.com'),
    });
    expect(message.usage.server_tool_use).toEqual({ web_search_requests: 1, web_fetch_requests: 0 });
    const streamed = await client.messages.stream(params).finalMessage();
    expect(streamed.content).toEqual(message.content);
  });

  it('lists its models in pages and shows one', async () => {
    const ids: string[] = [];
    for await (const model of client.models.list({ limit: 5 })) ids.push(model.id);
    expect(ids).toContain(MODEL);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await client.models.retrieve(MODEL)).toMatchObject({ id: MODEL, max_tokens: 128000, lifecycle: 'active' });
    expect((await client.models.retrieve('claude-sonnet-4-5')).lifecycle).toBe('deprecated');
    await expect(client.models.retrieve('gpt-9')).rejects.toMatchObject({ status: 404, type: 'not_found_error' });
  });

  it('takes a directive for ordinary text when faults are off', async () => {
    const messages = [{ role: 'user' as const, content: '[[sim status=529]]' }];
    expect(textOf(await client.messages.create({ ...hello, messages }))).toContain('[[sim status=529]]');
    expect((await fetch(`${simulator.baseUrl}/__calls`)).status).toBe(404);
  });

  it.each<[string, Record<string, unknown>, number, string]>([
    ['an unknown model', { model: 'claude-none' }, 404, 'model: claude-none'],
    ['no max_tokens', { max_tokens: undefined }, 400, 'max_tokens: Field required'],
    ['max_tokens 0', { max_tokens: 0 }, 400, 'max_tokens: Input should be greater than or equal to 1'],
    ['too high max_tokens', { max_tokens: 128001 }, 400, 'max_tokens: 128001 > 128000'],
    ['no messages', { messages: [] }, 400, 'messages: at least one message is required'],
    ['an unknown role', { messages: [{ role: 'x', content: 'y' }] }, 400, 'messages.0.role: Input should be'],
    ['empty content', { messages: [{ role: 'user', content: '' }] }, 400, 'must have non-empty content'],
    ['content of no known kind', { messages: [{ role: 'user', content: 7 }] }, 400, 'messages.0.content: '],
    ['a prefilled answer', { messages: [{ role: 'assistant', content: 'So' }] }, 400, 'prefill'],
    ['an empty system block', { system: [{ type: 'text', text: '' }] }, 400, 'system.0: text content blocks must be'],
    ['temperature', { temperature: 1 }, 400, 'temperature: Extra inputs are not permitted'],
    ['top_p', { top_p: 1 }, 400, 'top_p: Extra inputs are not permitted'],
    ['top_k', { top_k: 1 }, 400, 'top_k: Extra inputs are not permitted'],
    ['an unknown field', { xyz: 1 }, 400, 'xyz: Extra inputs are not permitted'],
    ['a field named as a prototype is', { toString: 1 }, 400, 'toString: Extra inputs are not permitted'],
    ['an unknown effort', { output_config: { effort: 'huge' } }, 400, 'output_config.effort: Input should be'],
    ['an unknown format', { output_config: { format: { type: 'xml', schema: {} } } }, 400, 'output_config.format.type'],
    ['a blank stop sequence', { stop_sequences: [' '] }, 400, 'stop_sequences.0: each stop sequence'],
    ['an unknown server tool', { tools: [{ type: 'magic_1', name: 'magic' }] }, 400, 'tools.0: '],
    [
      'a prompt beyond the context',
      { messages: [{ role: 'user', content: 'x'.repeat(5e6) }] },
      400,
      'prompt is too long',
    ],
  ])('refuses %s', async (_, fields, status, message) => {
    const params = { ...hello, ...fields } as Anthropic.MessageCreateParamsNonStreaming;
    const error: unknown = await client.messages.create(params, { timeout: 10_000 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Anthropic.APIError);
    expect(error).toMatchObject({
      status,
      type: status === 404 ? 'not_found_error' : 'invalid_request_error',
      apiMessage: expect.stringContaining(message),
      requestID: expect.stringMatching(/^req_/),
    });
  });

  it('refuses what is no request of the API', async () => {
    const send = async (path: string, init: RequestInit): Promise<[number, string]> => {
      const response = await fetch(simulator.baseUrl + path, init);
      const body = (await response.json()) as { type: string; error: { type: string }; request_id: string };
      expect(body).toMatchObject({ type: 'error', request_id: response.headers.get('request-id') });
      return [response.status, body.error.type];
    };
    const headers = { authorization: 'Bearer none', 'anthropic-version': '2026-10-21' };
    const post = { method: 'POST', headers };
    expect(await send('/v1/messages', { ...post, headers: {} })).toEqual([401, 'authentication_error']);
    expect(await send('/v1/messages', { ...post, body: '{' })).toEqual([400, 'invalid_request_error']);
    expect(await send('/v1/messages', { headers })).toEqual([405, 'invalid_request_error']);
    expect(await send('/v1/nothing', { headers })).toEqual([404, 'not_found_error']);
    const tooLarge = Buffer.alloc(32 * 1024 * 1024 + 1, 'x');
    expect(await send('/v1/messages', { ...post, body: tooLarge })).toEqual([413, 'request_too_large']);
  });

  it('keeps the pace that it is started with', async () => {
    const slow = await startSimulator({ firstTokenMs: 50, deltaMs: 5 });
    const began = performance.now();
    await new Anthropic({ apiKey: 'none', baseURL: slow.baseUrl }).messages.stream(hello).finalMessage();
    await slow.close();
    expect(performance.now() - began).toBeGreaterThan(90);
  });

  it('closes with requests under way, and twice', async () => {
    const slow = await startSimulator({ firstTokenMs: 60_000 });
    const client = new Anthropic({ apiKey: 'none', baseURL: slow.baseUrl, maxRetries: 0 });
    const failure = client.messages.create(hello).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await slow.close();
    await slow.close();
    expect(await failure).toBeInstanceOf(Anthropic.APIConnectionError);
  });
});
