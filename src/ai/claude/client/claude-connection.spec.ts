import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../../platform/config/config.js';
import type { ClaudeRequest } from '../claude.types.js';
import { ClaudeClient } from './claude-client.js';
import { ClaudeConnection } from './claude-connection.js';
import type { ClaudeEndpoint } from './claude-endpoint.js';

const QUESTION: ClaudeRequest = {
  model: 'claude-sonnet-5-5',
  maxTokens: 100,
  system: null,
  messages: [{ role: 'user', content: 'Why?' }],
};

describe('The connections to Claude', () => {
  let server: Server;
  let connection: ClaudeConnection;
  let client: ClaudeClient;
  let opened: number;
  let streams: number;

  beforeEach(async () => {
    opened = 0;
    streams = 0;
    server = createServer((request, response) => {
      if (request.url?.startsWith('/v1/messages/count_tokens')) {
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":7}');
      } else {
        streams += 1;
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        server.emit('streaming');
      }
    }).listen(0, '127.0.0.1');
    server.on('connection', () => (opened += 1));
    await once(server, 'listening');
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const endpoint = { resolve: () => Promise.resolve({ baseUrl, apiKey: 'secret' }) };
    const limits = { timeoutMs: 2000, idleTimeoutMs: 20_000, maxConcurrency: 1 };
    connection = new ClaudeConnection({ claude: limits } as Config, endpoint as unknown as ClaudeEndpoint);
    client = new ClaudeClient(connection);
  });
  afterEach(async () => {
    await connection.onApplicationShutdown();
    server.close();
    server.closeAllConnections();
  });

  it('let a call that needs no place go out while streams hold all places', async () => {
    const abort = new AbortController();
    const streaming = once(server, 'streaming');
    const answer = client.stream(QUESTION, () => undefined, abort.signal).catch(() => 'given up');
    await streaming;
    expect(await client.countTokens(QUESTION)).toBe(7);
    expect(streams).toBe(1);
    abort.abort();
    expect(await answer).toBe('given up');
  });

  it('are used again, by one call after the other and by several at once', async () => {
    // A connection is free a turn of the event loop after its answer has ended, so a call right behind may open a second.
    for (let call = 0; call < 20; call += 1) await client.countTokens(QUESTION);
    expect(opened).toBeLessThanOrEqual(2);
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(Array.from({ length: 4 }, () => client.countTokens(QUESTION)));
    }
    expect(opened).toBeLessThanOrEqual(8);
  });
});
