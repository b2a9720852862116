import { type ArgumentsHost, BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import type { PinoLogger } from 'nestjs-pino';
import pg from 'pg';
import { QueryFailedError } from 'typeorm';
import {
  DatabaseUnavailableError,
  MalformedRequestError,
  NotFoundError,
  ShuttingDownError,
} from './platform.errors.js';
import { ProblemFilter } from './problem.filter.js';
import { problemDefinition, PROBLEMS, type ProblemSlug } from './problems.js';
import { ResearchPlatformError } from './research-platform.error.js';

const SLUGS = Object.keys(PROBLEMS) as ProblemSlug[];

/** What the filter answers and logs for whatever is thrown. */
function answerTo(thrown: unknown, sent = false) {
  const logged: { event: string; err: unknown }[] = [];
  const log = (line: { event: string; err: unknown }) => logged.push(line);
  const answer = { status: 0, headers: {} as Record<string, string>, body: '', removed: [] as string[], cut: false };
  const reply = {
    sent,
    raw: { headersSent: sent, destroy: () => (answer.cut = true) },
    removeHeader: (name: string) => answer.removed.push(name),
    status: (status: number) => ((answer.status = status), reply),
    headers: (headers: Record<string, string>) => ((answer.headers = headers), reply),
    send: (body: string) => ((answer.body = body), reply),
  };
  const request = { id: 'req-1', originalUrl: '/api/v1/things/7?secret=x' };
  const http = { getRequest: () => request, getResponse: () => reply };
  const host = { switchToHttp: () => http } as unknown as ArgumentsHost;
  new ProblemFilter({ error: log, warn: log } as unknown as PinoLogger).catch(thrown, host);
  const problem = answer.body === '' ? null : (JSON.parse(answer.body) as Record<string, unknown>);
  return { ...answer, problem, logged };
}

const withCode = (message: string, code: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

function sqlError(code: string, message: string): QueryFailedError {
  return new QueryFailedError('select secret', [], Object.assign(new pg.DatabaseError(message, 1, 'error'), { code }));
}

describe('A domain error', () => {
  it.each(SLUGS)('%s becomes its problem, with the headers that go with it', (slug) => {
    const definition = problemDefinition(slug);
    const { status, headers, problem, logged } = answerTo(new ResearchPlatformError(slug, 'What happened.'));
    expect(status).toBe(definition.status);
    expect(problem).toEqual({
      type: `/problems/${slug}`,
      title: definition.title,
      status: definition.status,
      detail: 'What happened.',
      instance: '/api/v1/things/7',
      request_id: 'req-1',
    });
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['www-authenticate']).toBe(slug === 'unauthorized' ? 'Bearer' : undefined);
    expect('retry-after' in headers).toBe(definition.retryAfterSeconds !== undefined);
    expect(logged.length).toBe(slug === 'database-unavailable' ? 1 : 0);
  });

  it.each([
    [0, '1'],
    [0.2, '1'],
    [7.1, '8'],
    [60, '60'],
  ])('that knows better waits %d s: Retry-After %s', (retryAfterSeconds, header) => {
    const { headers } = answerTo(new ResearchPlatformError('claude-rate-limited', 'x', { retryAfterSeconds }));
    expect(headers['retry-after']).toBe(header);
  });

  it('carries its run, its mistakes and its further members', () => {
    const errors = [{ pointer: '/a', detail: 'is bad' }];
    const { problem } = answerTo(
      new ResearchPlatformError('budget-exceeded', 'x', { runId: 7, errors, members: { remaining_usd: 0.5 } }),
    );
    expect(problem).toMatchObject({ run_id: 7, errors, remaining_usd: 0.5 });
  });

  it('takes back the headers that were meant for success', () => {
    expect(answerTo(new ShuttingDownError()).removed).toEqual(['etag', 'location', 'preference-applied']);
  });

  it('is found behind an error that was thrown because of it', () => {
    expect(answerTo(new Error('outer', { cause: new NotFoundError() })).status).toBe(404);
  });

  it('cuts an answer that has begun, instead of writing into it', () => {
    expect(answerTo(new ShuttingDownError(), true)).toMatchObject({ cut: true, status: 0, body: '' });
  });
});

describe('An error of the framework', () => {
  it.each<[string, unknown, number, string]>([
    [
      'a wrong content type',
      withCode('x', 'FST_ERR_CTP_INVALID_MEDIA_TYPE', { statusCode: 415 }),
      415,
      'unsupported-media-type',
    ],
    [
      'a body that is too large',
      withCode('x', 'FST_ERR_CTP_BODY_TOO_LARGE', { statusCode: 413 }),
      413,
      'payload-too-large',
    ],
    [
      'a wrong content length',
      withCode('x', 'FST_ERR_CTP_INVALID_CONTENT_LENGTH', { statusCode: 400 }),
      400,
      'malformed-request',
    ],
    ['a bad URL', withCode('x', 'FST_ERR_BAD_URL', { statusCode: 400 }), 400, 'malformed-request'],
    ['a client that went away', withCode('aborted', 'ECONNRESET', { statusCode: 400 }), 400, 'malformed-request'],
    ['an unknown path', new NotFoundException('Cannot GET /secret'), 404, 'not-found'],
    ['a bad request of Nest', new BadRequestException('secret'), 400, 'malformed-request'],
    ['a media type of Nest', new HttpException('secret', 415), 415, 'unsupported-media-type'],
    ['a large body of Nest', new HttpException('secret', 413), 413, 'payload-too-large'],
    ['an error of Nest itself', new HttpException('secret', 503), 500, 'internal-error'],
  ])('(%s) becomes a problem without its text', (_what, thrown, status, slug) => {
    const answer = answerTo(thrown);
    expect([answer.status, answer.problem?.['type']]).toEqual([status, `/problems/${slug}`]);
    expect(answer.body).not.toContain('secret');
  });

  it('keeps the words of our own body parser', () => {
    const own = new MalformedRequestError('The body is not valid JSON');
    expect(answerTo(own).problem?.['detail']).toBe('The body is not valid JSON');
  });
});

describe('An error of the database', () => {
  it.each<[string, unknown]>([
    ['a lost connection', withCode('secret', 'ECONNRESET')],
    ['a refused connection', withCode('secret', 'ECONNREFUSED')],
    ['a server that stops', sqlError('57P01', 'secret')],
    ['too many connections', sqlError('53300', 'secret')],
    ['our own error', new DatabaseUnavailableError({ cause: new Error('secret') })],
  ])('(%s) is database-unavailable, logged, and says nothing of it', (_what, thrown) => {
    const answer = answerTo(thrown);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2']);
    expect(answer.body).not.toContain('secret');
    expect(answer.logged).toMatchObject([{ event: 'database_unavailable' }]);
  });

  it('about a character that cannot be stored is the mistake of the caller', () => {
    expect(answerTo(sqlError('22021', 'secret')).status).toBe(422);
  });
});

describe('Any other error', () => {
  it.each<[string, unknown]>([
    ['a defect', new TypeError("Cannot read properties of undefined (reading 'secret')")],
    ['SQL', sqlError('42P01', 'relation "secret" does not exist')],
    ['a text', 'secret'],
    ['nothing', undefined],
    ['null', null],
    ['an object', { status: 200, message: 'secret' }],
    ['a foreign error with a cause', new Error('secret', { cause: new Error('more secret') })],
    ['an error that claims a status of success', Object.assign(new Error('secret'), { statusCode: 200 })],
    ['an error with a status of a server', Object.assign(new Error('secret'), { statusCode: 503 })],
  ])('(%s) is an internal error: logged whole, answered without a word of it', (_what, thrown) => {
    const answer = answerTo(thrown);
    expect(answer.status).toBe(500);
    expect(answer.problem).toMatchObject({ type: '/problems/internal-error', request_id: 'req-1' });
    expect(answer.body).not.toContain('secret');
    expect(answer.logged).toEqual([{ event: 'internal_error', err: thrown }]);
  });
});
