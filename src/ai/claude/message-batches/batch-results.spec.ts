import { CallAborted, ClaudeApiError } from '../claude-failure.js';
import { AnswerAccumulator } from '../client/answer-accumulator.js';
import { apiError, toClaudeApiError } from '../client/failure-mapping.js';
import { toBatchResult } from './batch-results.js';

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  content: [
    { type: 'thinking', thinking: 'hm', signature: 's' },
    { type: 'text', text: 'It ', citations: [{ url: 'https://a.example', title: null, cited_text: 'c' }] },
    { type: 'text', text: 'is.' },
  ],
  stop_reason: 'end_turn',
  usage: { input_tokens: 7, output_tokens: 3, cache_creation_input_tokens: null },
};

const failureOf = (status: number, error: unknown) =>
  Promise.resolve(toClaudeApiError(apiError(status, error), new AnswerAccumulator(() => undefined)));
const read = (result: unknown, custom_id: unknown = 'x-1') =>
  toBatchResult(JSON.stringify({ custom_id, result }), failureOf);

describe('A result of a Message Batch', () => {
  it('that succeeded is the answer that a stream would have given', async () => {
    expect(await read({ type: 'succeeded', message: MESSAGE })).toEqual({
      customId: 'x-1',
      failure: null,
      answer: {
        text: 'It is.',
        content: MESSAGE.content,
        sources: [{ url: 'https://a.example', title: null, cited_text: 'c' }],
        stopReason: 'end_turn',
        usage: { input_tokens: 7, output_tokens: 3, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
        requestId: null,
      },
    });
  });

  it.each([
    ['invalid_request_error', 'claude-rejected-request', 400],
    ['not_found_error', 'claude-rejected-request', 404],
    ['request_too_large', 'claude-request-too-large', 413],
    ['permission_error', 'claude-misconfigured', 403],
    ['rate_limit_error', 'claude-rate-limited', 429],
    ['overloaded_error', 'claude-overloaded', 529],
    ['api_error', 'claude-failed', 500],
    ['something_new', 'claude-failed', 500],
    ['constructor', 'claude-failed', 500],
  ])('with the error %s fails as %s, and is not billed', async (type, slug, statusCode) => {
    const error = { type: 'error', error: { type, message: 'So.' }, request_id: 'req_5' };
    const { failure } = (await read({ type: 'errored', error }))!;
    expect(failure).toBeInstanceOf(ClaudeApiError);
    expect(failure).toMatchObject({ slug, facts: { statusCode, claudeRequestId: 'req_5', mayBeBilled: false } });
  });

  it('that was cancelled or came too late is not billed', async () => {
    const { failure } = (await read({ type: 'canceled' }))!;
    expect(failure).toBeInstanceOf(CallAborted);
    expect(failure).toMatchObject({ abortCause: 'cancelled', mayBeBilled: false });
    expect(await read({ type: 'expired' })).toMatchObject({ failure: { slug: 'claude-timeout' } });
  });

  it.each<[string, unknown]>([
    ['no result', undefined],
    ['nothing', null],
    ['a text', 'succeeded'],
    ['an unknown type', { type: 'postponed' }],
    ['no message', { type: 'succeeded' }],
    ['no content', { type: 'succeeded', message: { ...MESSAGE, content: null } }],
    ['no usage', { type: 'succeeded', message: { ...MESSAGE, usage: null } }],
    ['an impossible count', { type: 'succeeded', message: { ...MESSAGE, usage: { input_tokens: -1 } } }],
  ])('that is %s fails its own query, which may be billed', async (_, result) => {
    expect(await read(result)).toMatchObject({
      customId: 'x-1',
      answer: null,
      failure: { slug: 'claude-failed', facts: { errorType: 'unreadable_answer', mayBeBilled: true } },
    });
  });

  it('of nobody is passed over', async () => {
    for (const line of ['', '{', 'null', '7', '"x"', '[]', '{"custom_id":1,"result":{"type":"expired"}}']) {
      expect(await toBatchResult(line, failureOf)).toBeNull();
    }
  });
});
