import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, errors, MockAgent } from 'undici';
import { fetchThrough, NotConnected } from './claude-fetch.js';

describe('The way of a request', () => {
  const agent = new Agent({ bodyTimeout: 1000 });
  const servers: Server[] = [];

  afterAll(async () => {
    await agent.destroy();
    for (const server of servers) server.close();
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  /** What a mocked connection fails with, as the fetch tells it. */
  async function failureOf(error: Error): Promise<unknown> {
    const mock = new MockAgent();
    mock.disableNetConnect();
    mock.get('http://claude').intercept({ path: '/', method: 'POST' }).replyWithError(error);
    return fetchThrough(mock)('http://claude/', { method: 'POST' }).catch((thrown: unknown) => thrown);
  }

  it('carries method, headers and body there, and status, headers and body back', async () => {
    const url = await serve((request, response) => {
      void request.toArray().then((chunks: Buffer[]) => {
        response.writeHead(418, { 'request-id': 'req_1', 'set-cookie': ['a=1', 'b=2'] });
        response.end(JSON.stringify([request.method, request.headers['x-api-key'], Buffer.concat(chunks).toString()]));
      });
    });
    const response = await fetchThrough(agent)(url, {
      method: 'POST',
      headers: new Headers({ 'x-api-key': 'secret' }),
      body: 'question',
    });
    expect([response.ok, response.status, response.headers.get('request-id')]).toEqual([false, 418, 'req_1']);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.json()).toEqual(['POST', 'secret', 'question']);
  });

  it('hands the body over as it comes', async () => {
    const url = await serve((_, response) => {
      response.write('first');
      setTimeout(() => response.end('second'), 20);
    });
    const response = await fetchThrough(agent)(url);
    const pieces: string[] = [];
    for await (const piece of response.body!) pieces.push(Buffer.from(piece).toString());
    expect([response.ok, pieces]).toEqual([true, ['first', 'second']]);
  });

  it('reads no more than the beginning of a body without an end', async () => {
    let gone: Promise<unknown> = Promise.resolve();
    const url = await serve((_, response) => {
      gone = once(response, 'close');
      const more = (): void => void (response.destroyed || (response.write('x'.repeat(65_536)), setImmediate(more)));
      more();
    });
    const text = await (await fetchThrough(agent)(url)).text();
    expect(text.length).toBeGreaterThan(1000);
    expect(text.length).toBeLessThan(2_000_000);
    await gone;
  });

  it('does not follow a redirect: the key would go along', async () => {
    const url = await serve((_, response) => response.writeHead(302, { location: 'http://elsewhere.invalid/' }).end());
    expect((await fetchThrough(agent)(url)).status).toBe(302);
  });

  it('ends with the signal', async () => {
    const url = await serve(() => undefined);
    const abort = new AbortController();
    const response = fetchThrough(agent)(url, { signal: abort.signal });
    setTimeout(() => abort.abort(), 20);
    await expect(response).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('without a connection says so in words that the SDK does not take for a timeout', async () => {
    const refused = await fetchThrough(agent)('http://127.0.0.1:1/').catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
    const late = await failureOf(new errors.ConnectTimeoutError());
    const kernel = await failureOf(
      Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT', syscall: 'connect' }),
    );
    expect([late, kernel]).toMatchObject([{ code: 'UND_ERR_CONNECT_TIMEOUT' }, { code: 'ETIMEDOUT' }]);
    for (const error of [refused, late, kernel]) {
      expect(error).toBeInstanceOf(NotConnected);
      expect(String(error)).not.toMatch(/timed? ?out/i);
      expect((error as Error).cause).toBeUndefined();
    }
  });

  it('that breaks after it was connected stays what it is: something may have been sent', async () => {
    const url = await serve((request) => request.socket.destroy());
    const broken: unknown = await fetchThrough(agent)(url).catch((thrown: unknown) => thrown);
    expect(broken).toBeInstanceOf(Error);
    expect(broken).not.toBeInstanceOf(NotConnected);
    const read = Object.assign(new Error('read ETIMEDOUT'), { code: 'ETIMEDOUT', syscall: 'read' });
    expect(await failureOf(read)).toBe(read);
  });
});
