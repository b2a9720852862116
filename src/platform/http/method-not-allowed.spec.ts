import Fastify from 'fastify';
import { answerMethodNotAllowed, MAX_PATH_PARAMETER_LENGTH } from './method-not-allowed.js';

describe('A method that a path does not have', () => {
  const fastify = Fastify({ routerOptions: { maxParamLength: MAX_PATH_PARAMETER_LENGTH } });
  let origin = '';

  beforeAll(async () => {
    answerMethodNotAllowed(fastify);
    const ok = () => 'ok';
    fastify.get('/items', ok);
    fastify.post('/items', ok);
    fastify.get('/items/:id', ok);
    fastify.delete('/items/:itemId', ok);
    fastify.get('/items/:id/labels/:label', ok);
    fastify.post('/items/search', ok);
    fastify.get('/docs/*', ok);
    origin = await fastify.listen({ port: 0 });
  });
  afterAll(() => fastify.close());

  const send = (method: string, url: string) => fetch(origin + url, { method });

  it.each([
    ['DELETE', '/items', 'GET, HEAD, POST'],
    ['PUT', '/items?a=1', 'GET, HEAD, POST'],
    ['OPTIONS', '/items', 'GET, HEAD, POST'],
    ['PATCH', '/items/7', 'DELETE, GET, HEAD'],
    ['POST', '/items/7/labels/x', 'GET, HEAD'],
    ['DELETE', `/items/7/labels/${'x'.repeat(MAX_PATH_PARAMETER_LENGTH)}`, 'GET, HEAD'],
  ])('is answered 405 with Allow: %s %s', async (method, url, allow) => {
    const answer = await send(method, url);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(await answer.json()).toMatchObject({
      type: '/problems/method-not-allowed',
      status: 405,
      instance: url.split('?')[0],
    });
  });

  it.each([
    ['GET', '/items'],
    ['HEAD', '/items'],
    ['POST', '/items'],
    ['GET', '/items/7'],
    ['DELETE', '/items/7'],
    ['POST', '/items/search'],
  ])('is not meant when %s %s is a route', async (method, url) => {
    expect((await send(method, url)).status).toBe(200);
  });

  it.each([
    ['GET', '/nowhere'],
    ['POST', '/items/7/nothing'],
    ['POST', '/docs/a.css'],
    ['POST', '/items/%E0%A4%A'],
  ])('is not meant when %s %s is no path at all', async (method, url) => {
    const { status, headers } = await send(method, url);
    expect(headers.get('allow')).toBeNull();
    expect([400, 404]).toContain(status);
  });
});
