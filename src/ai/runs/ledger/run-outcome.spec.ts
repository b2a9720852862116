import { DatabaseUnavailableError, ShuttingDownError } from '../../../platform/errors/platform.errors.js';
import { nanoUsd } from '../../../platform/money/money.js';
import {
  type AbortCause,
  CallAborted,
  ClaudeApiError,
  type FailureFacts,
  NO_FACTS,
} from '../../claude/claude-failure.js';
import type { ClaudeAnswer } from '../../claude/claude.types.js';
import { OverloadedError } from '../../claude/gateway/call-slots.js';
import type { FinalAttempt } from '../../claude/gateway/passage.js';
import type { Run, RunAttempt } from '../run.types.js';
import { finishedRun } from './run-outcome.js';

const AT = new Date('2026-11-23T09:30:09Z');
const SENT = new Date('2026-11-23T09:30:00Z');
const USAGE = { input_tokens: 100, output_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
/** 100 tokens at 4 USD and 10 at 20 USD per million. */
const COST = 600_000;
const RESERVED = 5_000_000;

const attempt = (fields: Partial<RunAttempt> = {}): RunAttempt => ({
  number: 1,
  state: 'sent',
  startedAt: SENT,
  durationMs: null,
  waitMs: 0,
  statusCode: null,
  errorType: null,
  claudeRequestId: null,
  reservedNanoUsd: nanoUsd(RESERVED),
  minNanoUsd: nanoUsd(0),
  maxNanoUsd: nanoUsd(RESERVED),
  ...fields,
});
const QUESTION = { model: 'claude-opus-5-5', settings: { max_tokens: 100 }, messageBatchId: null };
const run = (attempts: RunAttempt[] = [attempt()], fields: Partial<Run> = {}) =>
  ({ id: 1, status: 'running', ...QUESTION, attempts, ...fields }) as Run;
const answer = (fields: Partial<ClaudeAnswer> = {}): ClaudeAnswer => ({
  text: 'Solid',
  content: [{ type: 'text', text: 'Solid' }],
  sources: [],
  stopReason: 'end_turn',
  usage: USAGE,
  requestId: 'req_1',
  ...fields,
});
const final = (fields: Partial<FinalAttempt>): FinalAttempt => ({
  number: 1,
  durationMs: 1500,
  answer: null,
  usage: null,
  failure: null,
  earlier: null,
  ...fields,
});
const succeeded = (fields: Partial<ClaudeAnswer> = {}) => final({ answer: answer(fields), usage: USAGE });
const failed = (facts: Partial<FailureFacts>, slug: ClaudeApiError['slug'] = 'claude-failed') =>
  final({ failure: new ClaudeApiError(slug, 'It failed', { ...NO_FACTS, ...facts }) });
const aborted = (cause: AbortCause, seen: ClaudeAnswer | null) =>
  final({ failure: new CallAborted(cause, seen, seen?.usage ? 200 : null) });
const end = (how: FinalAttempt | Error, present = run()) => finishedRun(present, how, AT).run;

describe('A run that was answered', () => {
  it('has an attempt whose time fits its column, also when it is found again after a month', () => {
    const ended = end(final({ durationMs: 30 * 86_400_000, failure: new CallAborted('fenced', null) }));
    expect(ended.attempts[0]?.durationMs).toBe(2_147_483_647);
  });

  it('has succeeded: answer, cost, price and attempt are settled', () => {
    const { run: ended, price } = finishedRun(run(), succeeded(), AT);
    expect(ended).toMatchObject({
      status: 'succeeded',
      error: null,
      outputText: 'Solid',
      stopReason: 'end_turn',
      usage: USAGE,
      costNanoUsd: COST,
      billingState: 'settled',
      billingMinNanoUsd: COST,
      billingMaxNanoUsd: COST,
      finishedAt: AT,
      attempts: [{ state: 'settled', durationMs: 1500, statusCode: 200, errorType: null, claudeRequestId: 'req_1' }],
    });
    expect(price).toMatchObject({ model: 'claude-opus-5-5' });
  });

  it('is billed by its last turn and those before, whatever they used together', () => {
    const paused = attempt({ state: 'settled', minNanoUsd: nanoUsd(9), maxNanoUsd: nanoUsd(9) });
    const both = final({ number: 2, answer: answer({ usage: { ...USAGE, output_tokens: 999 } }), usage: USAGE });
    const ended = end(both, run([paused, attempt({ number: 2 })]));
    expect([ended.costNanoUsd, ended.usage?.output_tokens]).toEqual([COST + 9, 999]);
    expect(ended.attempts[0]).toEqual(paused);
  });

  it('by a model without a price has an unknown bill without a maximum', () => {
    const ended = end(succeeded(), run([attempt({ reservedNanoUsd: null })], { model: 'claude-unknown-9' }));
    expect(ended).toMatchObject({
      status: 'succeeded',
      billingState: 'unknown',
      billingMaxNanoUsd: null,
      costNanoUsd: null,
    });
  });

  it.each([
    ['{"a":1}', 'end_turn', null],
    ['not JSON', 'end_turn', 'The answer is not the JSON that output_schema asks for'],
    ['{"a":', 'max_tokens', 'The answer is not the JSON that output_schema asks for: it was cut at max_tokens'],
    ['{"a":"x"}', 'end_turn', 'The answer does not match output_schema at /a'],
    ['{}', 'end_turn', 'The answer does not match output_schema at its root'],
    ['I will not', 'refusal', null],
  ])('in the shape %s (%s) is held against output_schema: %j', (text, stopReason, detail) => {
    const schema = { type: 'object', required: ['a'], properties: { a: { type: 'number' } } };
    const asked = run([attempt()], { settings: { max_tokens: 100, output_schema: schema } });
    const ended = end(succeeded({ text, stopReason }), asked);
    expect(ended.error).toEqual(detail === null ? null : { slug: 'output-invalid', detail });
    expect(ended).toMatchObject({
      status: detail === null ? 'succeeded' : 'failed',
      outputText: text,
      costNanoUsd: COST,
    });
  });
});

describe('A run that failed', () => {
  it('because it was refused cost nothing', () => {
    const ended = end(failed({ statusCode: 400, errorType: 'invalid_request_error', claudeRequestId: 'req_2' }));
    expect(ended).toMatchObject({
      status: 'failed',
      error: { slug: 'claude-failed', detail: 'It failed' },
      outputText: null,
      usage: null,
      costNanoUsd: 0,
      billingState: 'none',
      billingMaxNanoUsd: 0,
      attempts: [{ state: 'settled', statusCode: 400, errorType: 'invalid_request_error', claudeRequestId: 'req_2' }],
    });
  });

  it('before anything of an answer came may have cost what was reserved', () => {
    expect(end(failed({ mayBeBilled: true }, 'claude-timeout'))).toMatchObject({
      status: 'failed',
      billingState: 'unknown',
      billingMinNanoUsd: 0,
      billingMaxNanoUsd: RESERVED,
      costNanoUsd: null,
    });
  });

  it('passes on how long Claude asks to wait', () => {
    expect(end(failed({ retryAfterMs: 61_000 }, 'claude-rate-limited')).error).toMatchObject({ retryAfterSeconds: 61 });
  });

  it('while an answer was under way is interrupted, and keeps what was seen', () => {
    const ended = end(
      failed({ mayBeBilled: true, seen: answer({ text: 'So', stopReason: null }) }, 'claude-interrupted'),
    );
    expect(ended).toMatchObject({
      status: 'interrupted',
      error: { slug: 'claude-interrupted' },
      outputText: 'So',
      usage: USAGE,
      billingState: 'unknown',
      billingMinNanoUsd: COST,
      billingMaxNanoUsd: RESERVED,
    });
  });

  it('after earlier turns is interrupted, and keeps them', () => {
    const paused = attempt({ state: 'settled', minNanoUsd: nanoUsd(9), maxNanoUsd: nanoUsd(9) });
    const refused = { ...failed({ statusCode: 400 }), number: 2, earlier: answer({ text: 'Earlier' }) };
    expect(end(refused, run([paused, attempt({ number: 2 })]))).toMatchObject({
      status: 'interrupted',
      outputText: 'Earlier',
      billingState: 'settled',
      costNanoUsd: 9,
    });
  });

  it('in a retry has an unknown bill as soon as one attempt has', () => {
    const first = attempt({ state: 'unknown', minNanoUsd: nanoUsd(0), maxNanoUsd: nanoUsd(RESERVED) });
    expect(end({ ...failed({ statusCode: 529 }), number: 2 }, run([first, attempt({ number: 2 })]))).toMatchObject({
      status: 'failed',
      billingState: 'unknown',
      billingMaxNanoUsd: RESERVED,
      costNanoUsd: null,
    });
  });
});

describe('A run that was given up', () => {
  it.each<[AbortCause, string, string]>([
    ['cancelled', 'cancelled', 'run-cancelled'],
    ['shutdown', 'interrupted', 'run-interrupted'],
  ])('(%s) is %s, with what was seen of it', (cause, status, slug) => {
    const ended = end(aborted(cause, answer({ text: 'So' })));
    expect(ended).toMatchObject({
      status,
      error: { slug },
      outputText: 'So',
      billingState: 'unknown',
      billingMinNanoUsd: COST,
    });
    expect(ended.attempts[0]).toMatchObject({
      state: 'unknown',
      statusCode: 200,
      errorType: cause,
      claudeRequestId: 'req_1',
    });
  });

  it('before it was sent cost nothing', () => {
    const waiting = { ...aborted('cancelled', null), number: 0 };
    expect(end(waiting, run([attempt({ state: 'intent' })]))).toMatchObject({
      status: 'cancelled',
      billingState: 'none',
      costNanoUsd: 0,
      attempts: [{ state: 'settled', minNanoUsd: 0, maxNanoUsd: 0 }],
    });
  });

  it('after it was sent may have cost what was reserved, although nothing was seen', () => {
    expect(end(aborted('cancelled', answer({ text: '', content: [], usage: null, requestId: null })))).toMatchObject({
      status: 'cancelled',
      billingState: 'unknown',
      billingMaxNanoUsd: RESERVED,
      attempts: [{ statusCode: null, errorType: 'cancelled' }],
    });
  });
});

describe('A run that could not be sent', () => {
  it('has failed by the error that kept it, or by a defect that is not told, and cost nothing', () => {
    const intent = () => run([attempt({ state: 'intent' })]);
    expect(end(new ShuttingDownError(), intent())).toMatchObject({
      status: 'failed',
      error: { slug: 'shutting-down' },
      billingState: 'none',
      billingMaxNanoUsd: 0,
    });
    expect(end(new OverloadedError())).toMatchObject({ error: { slug: 'overloaded' }, billingState: 'none' });
    const defect = end(new TypeError('secret'), intent());
    expect(defect.error).toEqual({ slug: 'internal-error', detail: 'An unexpected error ended the run' });
  });

  it('by an error that came after it was sent may have cost what was reserved', () => {
    expect(end(new DatabaseUnavailableError())).toMatchObject({
      status: 'failed',
      error: { slug: 'database-unavailable' },
      billingState: 'unknown',
      billingMinNanoUsd: 0,
      billingMaxNanoUsd: RESERVED,
      costNanoUsd: null,
    });
  });
});
