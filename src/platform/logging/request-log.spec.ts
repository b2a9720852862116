import Fastify from 'fastify';
import type { PinoLogger } from 'nestjs-pino';
import pino from 'pino';
import { register } from 'prom-client';
import { measureRequests } from '../metrics/http.metrics.js';
import { requestIdOf, sendRequestId } from '../http/request-id.js';
import { assignLogContext, logContext, openLogContext, withLogContext } from './log-context.js';
import { loggerParams } from './logger-params.js';
import { logRequests } from './request-log.js';

type Line = Record<string, unknown>;

describe('A request', () => {
  const lines: Line[] = [];
  const { pinoHttp } = loggerParams({ logLevel: 'debug' });
  const logger = pino(pinoHttp as pino.LoggerOptions, {
    write: (line: string) => lines.push(JSON.parse(line) as Line),
  });
  const fastify = Fastify({ genReqId: requestIdOf });
  let origin = '';

  beforeAll(async () => {
    sendRequestId(fastify);
    openLogContext(fastify);
    measureRequests(fastify);
    logRequests(fastify, logger as unknown as PinoLogger);
    fastify.get('/items/:id', async () => {
      assignLogContext({ user_id: 7 });
      await new Promise((resolve) => setTimeout(resolve, 5));
      logger.info({ event: 'inside' });
      return 'ok';
    });
    fastify.get('/health/live', () => 'ok');
    origin = await fastify.listen({ port: 0 });
  });
  afterAll(() => fastify.close());
  beforeEach(() => lines.splice(0));

  const get = (path: string, id?: string) =>
    fetch(origin + path, id === undefined ? {} : { headers: { 'x-request-id': id } });
  const eventually = async (count: number) => {
    for (let tries = 0; lines.length < count && tries < 100; tries += 1) await new Promise((go) => setTimeout(go, 10));
    return lines;
  };

  it('carries its id on the answer and on every line, and its user once known', async () => {
    const answer = await get('/items/1', 'my-request');
    expect(answer.headers.get('x-request-id')).toBe('my-request');
    expect(await eventually(2)).toMatchObject([
      { event: 'inside', level: 'info', request_id: 'my-request', user_id: 7 },
      { event: 'request_completed', level: 'info', request_id: 'my-request', user_id: 7 },
    ]);
  });

  it('is one line by path and without the query, which may hold secrets', async () => {
    await get('/items/1?q=secret');
    const [, line] = await eventually(2);
    expect(line).toMatchObject({ method: 'GET', path: '/items/1', status_code: 200 });
    expect(typeof line?.['duration_ms']).toBe('number');
    expect(line?.['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('of a probe is a line for debugging alone', async () => {
    await get('/health/live');
    expect(await eventually(1)).toMatchObject([{ level: 'debug', path: '/health/live' }]);
  });

  it('does not share its context with another one', async () => {
    await Promise.all(['a', 'b', 'c'].map((id) => get(`/items/${id}`, id)));
    for (const { path, request_id: id } of (await eventually(6)).filter(({ event }) => event === 'request_completed')) {
      expect(path).toBe(`/items/${String(id)}`);
    }
    expect(logContext()).toEqual({});
  });

  it('is measured by its route, so that ids make no labels', async () => {
    await get('/items/123456');
    await get('/unknown/123456');
    await eventually(3);
    const text = await register.getSingleMetricAsString('dossier_http_request_duration_seconds');
    expect(text).toContain('route="/items/:id",status_code="200"');
    expect(text).toContain('route="unknown",status_code="404"');
    expect(text).not.toContain('123456');
  });
});

describe('Work that belongs to no request', () => {
  it('has the fields that it is given, and adds to nobody else', async () => {
    assignLogContext({ user_id: 1 });
    expect(logContext()).toEqual({});
    const fields = await withLogContext({ request_id: 'job' }, async () => {
      await Promise.resolve();
      assignLogContext({ user_id: 9 });
      return logContext();
    });
    expect(fields).toEqual({ request_id: 'job', user_id: 9 });
    expect(logContext()).toEqual({});
  });
});
