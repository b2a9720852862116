import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../../platform/config/config.js';
import { AbortReason, CallAborted, ClaudeApiError } from '../claude-failure.js';
import type { ClaudeRequest } from '../claude.types.js';
import { ClaudeClient } from './claude-client.js';
import { ClaudeConnection } from './claude-connection.js';
import type { ClaudeEndpoint } from './claude-endpoint.js';

const QUESTION: ClaudeRequest = {
  model: 'claude-sonnet-5-5',
  maxTokens: 321,
  system: null,
  messages: [{ role: 'user', content: 'Why?' }],
};
const NEVER = new AbortController().signal;

const frame = (event: { type: string }): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
const START = frame({
  type: 'message_start',
  message: { content: [], usage: { input_tokens: 5, output_tokens: 1 } },
} as never);
const STOP = frame({ type: 'message_stop' });

/** What Claude got, and how it answers. */
interface Got {
  body: Record<string, unknown>;
  headers: IncomingHttpHeaders;
}

describe('The client of Claude', () => {
  let server: Server;
  let client: ClaudeClient;
  let connection: ClaudeConnection;
  let got: Got[];
  let frames: string[];
  let ends: boolean;
  /** What comes in place of frames where it is set: a type of content and a body. */
  let whole: [type: string, body: string] | null;

  beforeAll(async () => {
    server = createServer((request, response) => {
      void request.toArray().then((chunks: Buffer[]) => {
        got.push({ body: JSON.parse(Buffer.concat(chunks).toString()) as Got['body'], headers: request.headers });
        response.writeHead(200, { 'content-type': whole?.[0] ?? 'text/event-stream', 'request-id': 'req_7' });
        if (whole) return void response.end(whole[1]);
        for (const each of frames) response.write(each);
        if (ends) response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const limits = { timeoutMs: 2000, idleTimeoutMs: 2000, maxConcurrency: 4 };
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const endpoint = { resolve: () => Promise.resolve({ baseUrl, apiKey: 'secret' }) };
    connection = new ClaudeConnection({ claude: limits } as Config, endpoint as unknown as ClaudeEndpoint);
    client = new ClaudeClient(connection);
  });
  beforeEach(() => {
    got = [];
    frames = [START, STOP];
    ends = true;
    whole = null;
  });
  afterAll(async () => {
    await connection.onApplicationShutdown();
    server.close();
    server.closeAllConnections();
  });

  const ask = async (more: Partial<ClaudeRequest> = {}, signal = NEVER) =>
    client.stream({ ...QUESTION, ...more }, () => undefined, signal);
  const bodyOf = async (more: Partial<ClaudeRequest>): Promise<Got['body']> => (await ask(more), got[0]!.body);

  it('has the answer at its end, also where a proxy keeps the response open, which is given up then', async () => {
    ends = false;
    const closed = new Promise((resolve) => server.once('request', (_, response) => response.once('close', resolve)));
    const silence = sleep(1500, 'late', { ref: false });
    expect(await Promise.race([ask(), silence])).toMatchObject({ usage: { input_tokens: 5 } });
    expect(await Promise.race([closed, silence])).not.toBe('late');
  });

  it('asks for a stream, with nothing that was not wanted', async () => {
    expect(await bodyOf({})).toEqual({
      model: 'claude-sonnet-5-5',
      max_tokens: 321,
      messages: [{ role: 'user', content: 'Why?' }],
      stream: true,
    });
  });

  it('asks with every setting', async () => {
    const schema = { type: 'object' };
    expect(
      await bodyOf({ effort: 'low', stopSequences: ['END'], outputSchema: schema, webSearch: true, system: 'Brief.' }),
    ).toMatchObject({
      system: 'Brief.',
      stop_sequences: ['END'],
      output_config: { effort: 'low', format: { type: 'json_schema', schema } },
      tools: [{ type: 'web_search_20250305', name: 'web_search' }],
    });
  });

  it('marks a long system prompt for the cache, and no short one', async () => {
    const system = 'You know all about tides. '.repeat(200);
    expect(await bodyOf({ system })).toMatchObject({
      system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }],
    });
  });

  it('goes on where Claude has paused', async () => {
    const content = [{ type: 'text', text: 'First.' }];
    expect((await bodyOf({ assistantSoFar: content }))['messages']).toEqual([
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content },
    ]);
  });

  it('gives the key to Claude alone, and once: the SDK tries nothing again', async () => {
    frames = [];
    await expect(ask()).rejects.toThrow(ClaudeApiError);
    expect(got).toHaveLength(1);
    const { authorization, 'x-api-key': key } = got[0]!.headers;
    expect(authorization ?? key).toContain('secret');
    expect(got[0]!.headers['x-stainless-retry-count']).toBe('0');
  });

  it('takes an answer for whole with message_stop alone', async () => {
    expect(await ask()).toMatchObject({ requestId: 'req_7', usage: { input_tokens: 5 } });
    frames = [START];
    await expect(ask()).rejects.toMatchObject({
      slug: 'claude-interrupted',
      facts: { statusCode: 200, claudeRequestId: 'req_7' },
    });
  });

  it('loses nothing to what comes behind the end', async () => {
    frames = [START, STOP, 'event: error\ndata: {"error":{"type":"overloaded_error"}}\n\n'];
    expect(await ask()).toMatchObject({ requestId: 'req_7' });
    frames = [START, STOP];
    ends = false;
    expect(await ask()).toMatchObject({ requestId: 'req_7' });
  });

  it('counts tokens', async () => {
    whole = ['application/json', '{"input_tokens":42}'];
    expect(await client.countTokens(QUESTION)).toBe(42);
    expect(got[0]!.body).toEqual({ model: QUESTION.model, messages: QUESTION.messages });
  });

  it.each([
    ['application/json', '{}'],
    ['application/json', '{"input_tokens":1.5}'],
    ['application/json', '{"input_tokens":"42"}'],
    ['application/json', '{"input_tokens":-1}'],
    ['application/json', 'null'],
    ['application/json', '{"input_to'],
    ['text/html', '<html>Welcome</html>'],
  ])('takes no answer for a count of tokens that has none: %s %s', async (type, body) => {
    whole = [type, body];
    await expect(client.countTokens(QUESTION)).rejects.toMatchObject({
      slug: 'claude-failed',
      facts: { errorType: 'unreadable_answer' },
    });
  });

  it('ends with the signal, and tells what had come', async () => {
    const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
    const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Since' } };
    frames = [START, frame(block), frame(delta)];
    ends = false;
    const abort = new AbortController();
    const answer = client.stream(QUESTION, () => abort.abort(new AbortReason('cancelled')), abort.signal);
    const error: unknown = await answer.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CallAborted);
    expect(error).toMatchObject({
      abortCause: 'cancelled',
      statusCode: 200,
      seen: { text: 'Since', usage: { input_tokens: 5 } },
    });
  });
});
