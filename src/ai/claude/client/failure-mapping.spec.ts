import { APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { errors } from 'undici';
import { ClaudeApiError, EndOfStream } from '../claude-failure.js';
import { AnswerAccumulator } from './answer-accumulator.js';
import { NotConnected } from './claude-fetch.js';
import { toClaudeApiError } from './failure-mapping.js';

const SECRET = 'upstream secret';
const MESSAGE_START = {
  type: 'message_start',
  message: { usage: { input_tokens: 7, output_tokens: 1 } },
} as Parameters<AnswerAccumulator['accept']>[0];
const TEXT = {
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: 'So' },
} as typeof MESSAGE_START;

function nothingSeen(): AnswerAccumulator {
  return new AnswerAccumulator(() => undefined);
}

/** An answer whose headers came, and these events. */
function seen(...events: (typeof MESSAGE_START)[]): AnswerAccumulator {
  const accumulator = nothingSeen();
  accumulator.statusCode = 200;
  accumulator.requestId = 'req_1';
  for (const event of events) accumulator.accept(event);
  return accumulator;
}

function refused(status: number, type: string, headers: Record<string, string> = {}, details?: object): ClaudeApiError {
  const body = { type: 'error', error: { type, message: SECRET, details } };
  return toClaudeApiError(APIError.generate(status, body, undefined, new Headers(headers)), nothingSeen());
}

const fetchFailed = (code: string) =>
  new APIConnectionError({
    cause: Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error(SECRET), { code }) }),
  });
const terminated = (code: string) =>
  Object.assign(new TypeError('terminated'), { cause: Object.assign(new Error(SECRET), { code }) });
/** An `error` event inside a stream, as the SDK throws it: an APIError without a status. */
const errorEvent = () =>
  new APIError(
    undefined,
    { error: { type: 'overloaded_error', message: SECRET } },
    undefined,
    new Headers(),
    'overloaded_error',
  );

describe('A refusal by Claude', () => {
  it.each<[number, string, string, boolean]>([
    [400, 'invalid_request_error', 'claude-rejected-request', false],
    [404, 'not_found_error', 'claude-rejected-request', false],
    [422, 'invalid_request_error', 'claude-rejected-request', false],
    [418, 'teapot', 'claude-rejected-request', false],
    [413, 'request_too_large', 'claude-request-too-large', false],
    [401, 'authentication_error', 'claude-misconfigured', false],
    [402, 'billing_error', 'claude-misconfigured', false],
    [403, 'permission_error', 'claude-misconfigured', false],
    [429, 'rate_limit_error', 'claude-rate-limited', true],
    [529, 'overloaded_error', 'claude-overloaded', true],
    [503, 'api_error', 'claude-overloaded', true],
    [500, 'api_error', 'claude-failed', true],
    [502, 'api_error', 'claude-failed', true],
    [504, 'timeout_error', 'claude-failed', true],
    [520, 'api_error', 'claude-failed', true],
    [408, 'timeout_error', 'claude-failed', true],
    [409, 'conflict_error', 'claude-failed', true],
    [304, 'odd', 'claude-failed', true],
  ])('with %d %s is %s, retried: %s, and never billed', (status, type, slug, retryable) => {
    const failure = refused(status, type, { 'request-id': 'req_7' });
    expect(failure.slug).toBe(slug);
    expect(failure.facts).toEqual({
      statusCode: status,
      errorType: type,
      claudeRequestId: 'req_7',
      retryable,
      retryAfterMs: null,
      mayBeBilled: false,
      seen: null,
    });
    expect(failure.detail.includes(SECRET)).toBe(slug === 'claude-rejected-request');
  });

  it('for a spending limit is for the operator, not for a retry', () => {
    const failure = refused(
      429,
      'rate_limit_error',
      { 'retry-after': '5' },
      { error_code: 'enforced_spend_limit_reached' },
    );
    expect([failure.slug, failure.facts.retryable, failure.extras.retryAfterSeconds]).toEqual([
      'claude-misconfigured',
      false,
      undefined,
    ]);
  });

  it.each([429, 503, 529])('with %d is retried when Claude says, and passes that on', (status) => {
    const failure = refused(status, 'x', { 'retry-after': '7' });
    expect([failure.facts.retryAfterMs, failure.extras.retryAfterSeconds]).toEqual([7000, 7]);
  });

  it.each<[string, unknown]>([
    ['an object', { a: 1 }],
    ['a number', 7],
    ['nothing', null],
  ])('whose message and type are %s is told in our words', (_what, value) => {
    const body = { type: 'error', error: { type: value, message: value } };
    const failure = toClaudeApiError(APIError.generate(400, body, undefined, new Headers()), nothingSeen());
    expect([failure.detail, failure.facts.errorType]).toEqual(['Claude rejected the request', 'http_400']);
    const limited = toClaudeApiError(APIError.generate(429, body, undefined, new Headers()), nothingSeen());
    expect(limited.slug).toBe('claude-rate-limited');
  });

  it('is passed on cut to a length, storable, and without our key', () => {
    const body = { error: { type: 't'.repeat(9000), message: `a\0b sk-ours ${'x'.repeat(2_000_000)}` } };
    const error = APIError.generate(400, body, undefined, new Headers());
    const { detail, facts } = toClaudeApiError(error, nothingSeen(), 'sk-ours');
    expect(detail).toMatch(/^a\uFFFDb … x/);
    expect([detail.length < 3000, facts.errorType!.length < 200]).toEqual([true, true]);
  });

  it('without a JSON body is read by its status alone', () => {
    const failure = toClaudeApiError(APIError.generate(502, undefined, '<html>', new Headers()), nothingSeen());
    expect([failure.slug, failure.facts.errorType]).toEqual(['claude-failed', 'http_502']);
    expect(failure.detail).not.toContain('html');
    const rejected = toClaudeApiError(APIError.generate(400, undefined, '<html>', new Headers()), nothingSeen());
    expect(rejected.detail).toBe('Claude rejected the request');
  });
});

describe('No connection', () => {
  it.each(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT'])(
    '(%s) is claude-unreachable, retried, and costs nothing: nothing was sent',
    (code) => {
      const thrown = new APIConnectionError({ cause: new NotConnected(code) });
      const { slug, facts } = toClaudeApiError(thrown, nothingSeen());
      expect([slug, facts.errorType, facts.retryable, facts.mayBeBilled]).toEqual([
        'claude-unreachable',
        code,
        true,
        false,
      ]);
    },
  );

  it.each(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE'])('(%s) may have come after sending: it may be billed', (code) => {
    const { slug, facts } = toClaudeApiError(fetchFailed(code), nothingSeen());
    expect([slug, facts.retryable, facts.mayBeBilled]).toEqual(['claude-unreachable', true, true]);
  });
});

describe('Silence', () => {
  it.each<[string, unknown]>([
    ['before the headers', new APIConnectionTimeoutError()],
    ['behind the headers', terminated('UND_ERR_BODY_TIMEOUT')],
    ['of a proxy', fetchFailed('UND_ERR_HEADERS_TIMEOUT')],
  ])(
    '%s is claude-timeout; it is retried only when nothing of the answer had come, and may be billed',
    (_what, thrown) => {
      const facts = (accumulator: AnswerAccumulator) => {
        const failure = toClaudeApiError(thrown, accumulator);
        expect([failure.slug, failure.facts.mayBeBilled]).toEqual(['claude-timeout', true]);
        return [failure.facts.retryable, failure.facts.seen !== null];
      };
      expect(facts(nothingSeen())).toEqual([true, false]);
      expect(facts(seen(MESSAGE_START))).toEqual([true, true]);
      expect(facts(seen(MESSAGE_START, TEXT))).toEqual([false, true]);
      const opened = { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } };
      const thought = { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm' } };
      expect(facts(seen(MESSAGE_START, opened as never))).toEqual([true, true]);
      expect(facts(seen(MESSAGE_START, opened as never, thought as never))).toEqual([false, true]);
    },
  );
});

describe('An answer that breaks off', () => {
  it.each<[string, unknown, string]>([
    ['an error event', errorEvent(), 'overloaded_error'],
    ['a reset', terminated('UND_ERR_SOCKET'), 'UND_ERR_SOCKET'],
    ['an end without message_stop', new EndOfStream(), 'stream_broken'],
    ['a line that is no JSON', new SyntaxError(SECRET), 'stream_broken'],
  ])('by %s is claude-interrupted, with what was seen; not retried once any text was', (_what, thrown, type) => {
    const before = toClaudeApiError(thrown, seen(MESSAGE_START));
    const after = toClaudeApiError(thrown, seen(MESSAGE_START, TEXT));
    expect([before.slug, after.slug]).toEqual(['claude-interrupted', 'claude-interrupted']);
    expect([before.facts.retryable, after.facts.retryable]).toEqual([true, false]);
    expect(after.facts).toMatchObject({
      statusCode: 200,
      errorType: type,
      claudeRequestId: 'req_1',
      mayBeBilled: true,
    });
    expect(after.facts.seen).toMatchObject({ text: 'So', usage: { input_tokens: 7 } });
    expect(after.detail).not.toContain(SECRET);
  });

  it.each<[string, unknown, string]>([
    ['nothing at all', new EndOfStream(), 'claude-failed'],
    ['no JSON', new SyntaxError(SECRET), 'claude-failed'],
    ['no HTTP', new APIConnectionError({ cause: new errors.HTTPParserError(SECRET) }), 'claude-failed'],
    ['an error event', errorEvent(), 'claude-interrupted'],
  ])('before it begins, with %s, is retried and may be billed', (_what, thrown, slug) => {
    const failure = toClaudeApiError(thrown, seen());
    expect(failure.slug).toBe(slug);
    expect(failure.facts).toMatchObject({ retryable: true, mayBeBilled: true, seen: null, claudeRequestId: 'req_1' });
  });
});

describe('Whatever is thrown', () => {
  it('becomes a ClaudeApiError; one of ours stays as it is', () => {
    const own = refused(500, 'api_error');
    expect(toClaudeApiError(own, nothingSeen())).toBe(own);
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(toClaudeApiError(thrown, nothingSeen())).toBeInstanceOf(ClaudeApiError);
      }),
    );
  });

  it('does not follow causes in a circle', () => {
    const loop = new Error('a');
    loop.cause = loop;
    expect(toClaudeApiError(loop, nothingSeen()).slug).toBe('claude-failed');
  });
});
