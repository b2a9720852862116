import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server as NetServer } from 'node:net';
import { Agent } from 'undici';
import { connectorWithin, fetchThrough, NotConnected } from './claude-fetch.js';

describe('The way of a request', () => {
  const agent = new Agent({ bodyTimeout: 1000, connect: connectorWithin(1000) });
  const servers: NetServer[] = [];

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

  /** A port that takes a connection and closes it at once. */
  async function closingPort(): Promise<number> {
    const server = createNetServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
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
    expect([...response.headers.entries()]).toContainEqual(['set-cookie', 'a=1,b=2']);
    expect(await response.json()).toEqual(['POST', 'secret', 'question']);
  });

  it('takes no white space around a header for part of it', async () => {
    const server = createNetServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nrequest-id:  req_1 \t \r\ncontent-length: 0 \r\n\r\n'));
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const { headers } = await fetchThrough(agent)(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect([headers.get('request-id'), headers.get('content-length')]).toEqual(['req_1', '0']);
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

  it.each([
    ['is refused', () => 'http://127.0.0.1:1/', /^ECONNREFUSED$/],
    ['finds no TLS there', async () => (await serve(() => undefined)).replace('http:', 'https:'), /SSL|EPROTO/],
    ['is closed before TLS was agreed on', async () => `https://127.0.0.1:${await closingPort()}/`, /^ECONNRESET$/],
  ])('whose connection %s says so in words that the SDK does not take for a timeout', async (_, url, code) => {
    const error = await fetchThrough(agent)(await url()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotConnected);
    expect((error as NotConnected).code).toMatch(code);
    expect(String(error)).not.toMatch(/timed? ?out/i);
    expect((error as Error).cause).toBeUndefined();
  });

  it('that breaks after it was connected stays what it is: something may have been sent', async () => {
    const url = await serve((request) => request.socket.destroy());
    const broken: unknown = await fetchThrough(agent)(url).catch((thrown: unknown) => thrown);
    expect(broken).toBeInstanceOf(Error);
    expect(broken).not.toBeInstanceOf(NotConnected);
  });
});
