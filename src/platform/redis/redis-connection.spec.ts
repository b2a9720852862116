import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { jest } from '@jest/globals';
import type { PinoLogger } from 'nestjs-pino';
import type { Config } from '../config/config.js';
import { type RedisClient, RedisConnection } from './redis-connection.js';

const get = (client: RedisClient) => client.get('key');

describe('The connection to Redis', () => {
  const sockets: Socket[] = [];
  /** What it says to a GET. */
  let answer = '';
  let asked = 0;
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (data) => {
      const [, ...commands] = String(data).split(/^\*\d+\r\n/m);
      for (const command of commands) {
        const isGet = command.startsWith('$3\r\nGET\r\n');
        asked += Number(isGet);
        socket.write(isGet ? answer : '+OK\r\n');
      }
    });
  });
  const lines: unknown[] = [];
  const log = (line: { event: string }) => void lines.push(line.event);
  let connection: RedisConnection;

  beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
  afterAll(() => server.close());
  beforeEach(async () => {
    lines.splice(0);
    [answer, asked] = ['$5\r\nvalue\r\n', 0];
    const { port } = server.address() as AddressInfo;
    const logger = { warn: log, info: log } as unknown as PinoLogger;
    connection = new RedisConnection({ redisUrl: `redis://127.0.0.1:${port}` } as Config, logger);
    const client = await connection.open();
    if (!client?.isReady) await once(client!, 'ready');
  });
  afterEach(() => {
    jest.restoreAllMocks();
    connection.onApplicationShutdown();
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it('answers with what Redis answers', async () => {
    expect(await connection.attempt(get)).toBe('value');
    answer = '$-1\r\n';
    expect(await connection.attempt(get)).toBeNull();
    expect(lines).toEqual([]);
  });

  it('leaves a Redis alone for a second that has failed, and tells of it once, until it is back', async () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
    answer = '-ERR no\r\n';
    expect([await connection.attempt(get), await connection.attempt(get)]).toEqual([undefined, undefined]);
    clock.mockReturnValue(now + 1000);
    expect(await connection.attempt(get)).toBeUndefined();
    expect([asked, lines]).toEqual([2, ['redis_unavailable']]);
    answer = '$5\r\nvalue\r\n';
    clock.mockReturnValue(now + 1999);
    expect(await connection.attempt(get)).toBeUndefined();
    clock.mockReturnValue(now + 2000);
    expect(await connection.attempt(get)).toBe('value');
    expect([asked, lines]).toEqual([3, ['redis_unavailable', 'redis_available']]);
  });

  it('waits for no Redis that is silent for long', async () => {
    answer = '';
    const start = performance.now();
    expect(await connection.attempt(get)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(1000);
    expect(lines).toEqual(['redis_unavailable']);
  });

  it('sends nothing where none is configured, or before it is connected', async () => {
    const none = new RedisConnection({ redisUrl: undefined } as Config, {} as PinoLogger);
    expect([await none.open(), await none.attempt(get)]).toEqual([null, undefined]);
    connection.onApplicationShutdown();
    expect(await connection.attempt(get)).toBeUndefined();
    expect(asked).toBe(0);
  });
});
