import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Config } from '../../../platform/config/config.js';
import { AbortReason, CallAborted, ClaudeApiError, type FailureFacts, NO_FACTS } from '../claude-failure.js';
import { ClaudeMetrics } from '../claude.metrics.js';
import type { ClaudeAnswer, ClaudeRequest } from '../claude.types.js';
import type { ClaudeClient } from '../client/claude-client.js';
import { ClaudeGateway } from './claude-gateway.js';
import type { AttemptRecorder } from './passage.js';

const LIMITS = {
  deadlineMs: 5000,
  maxAttempts: 3,
  backoffMinMs: 20,
  backoffMaxMs: 60,
  retryAfterMaxMs: 1000,
  maxConcurrency: 2,
};
const REQUEST: ClaudeRequest = {
  model: 'claude-sonnet-5-5',
  maxTokens: 9,
  system: null,
  messages: [{ role: 'user', content: 'Hi' }],
};
const USAGE = { input_tokens: 1, output_tokens: 2, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };

const answerOf = (text: string, stopReason = 'end_turn'): ClaudeAnswer => ({
  text,
  content: [{ type: 'text', text }],
  sources: [],
  stopReason,
  usage: USAGE,
  requestId: `req_${text}`,
});
const failure = (facts: Partial<FailureFacts> = {}) =>
  new ClaudeApiError('claude-overloaded', 'x', { ...NO_FACTS, statusCode: 529, retryable: true, ...facts });

type Step = (onText: (text: string) => void, signal: AbortSignal, request: ClaudeRequest) => Promise<ClaudeAnswer>;

const gives =
  (text: string, stopReason?: string): Step =>
  (onText) => {
    onText(text);
    return Promise.resolve(answerOf(text, stopReason));
  };
const fails =
  (facts?: Partial<FailureFacts>): Step =>
  () =>
    Promise.reject(failure(facts));
/** Says something and then nothing, until it is given up. */
const hangs: Step = (onText, signal) => {
  onText('So');
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new CallAborted((signal.reason as AbortReason).abortCause, answerOf('So')));
    });
  });
};

/** A gateway whose Claude takes these steps, and what it tells the recorder, in order. */
function gatewayOf(steps: Step[], limits: Partial<typeof LIMITS> = {}) {
  const told: string[] = [];
  const requests: ClaudeRequest[] = [];
  const client = {
    stream: (request: ClaudeRequest, onText: (text: string) => void, signal: AbortSignal) => {
      requests.push(request);
      told.push('call');
      return (steps[requests.length - 1] ?? fails({ retryable: false }))(onText, signal, request);
    },
  } as unknown as ClaudeClient;
  const waits: number[] = [];
  const recorder: AttemptRecorder = {
    sending: (number, waitMs) => {
      waits.push(waitMs);
      told.push(`sending ${number}`);
      return Promise.resolve();
    },
    text: (_number, text) => told.push(`text ${text}`),
    failed: (number) => Promise.resolve(void told.push(`failed ${number}`)),
    paused: (number) => Promise.resolve(void told.push(`paused ${number}`)),
  };
  const config = { claude: { ...LIMITS, ...limits } } as unknown as Config;
  return { gateway: new ClaudeGateway(config, client, new ClaudeMetrics()), recorder, told, waits, requests };
}

const never = new AbortController().signal;

async function answer(steps: Step[], limits: Partial<typeof LIMITS> = {}, signal = never) {
  const made = gatewayOf(steps, limits);
  const startedAt = Date.now();
  const final = await made.gateway.answer(REQUEST, made.recorder, signal, null);
  return { ...made, final, elapsedMs: Date.now() - startedAt, free: made.gateway.slots.free };
}

describe('The gateway to Claude', () => {
  it('records an attempt before it makes the call', async () => {
    const { final, told, free } = await answer([gives('Solid')]);
    expect(told).toEqual(['sending 1', 'call', 'text Solid']);
    expect(final).toMatchObject({ number: 1, answer: { text: 'Solid' }, usage: USAGE, failure: null, earlier: null });
    await Promise.resolve();
    expect(free).toBe(LIMITS.maxConcurrency);
  });

  it('tries again after a random wait, records each failure first, and says how long it waited', async () => {
    const { final, told, waits, elapsedMs } = await answer([fails(), fails(), gives('At last')]);
    expect(told).toEqual([
      'sending 1',
      'call',
      'failed 1',
      'sending 2',
      'call',
      'failed 2',
      'sending 3',
      'call',
      'text At last',
    ]);
    expect(final).toMatchObject({ number: 3, answer: { text: 'At last' }, failure: null });
    const [first, second = 0, third = 0] = waits;
    expect(first).toBe(0);
    expect(second >= 20 && second <= 40).toBe(true);
    expect(third >= 20 && third <= 60).toBe(true);
    expect(elapsedMs).toBeGreaterThanOrEqual(second + third - 2);
  });

  it('gives up after the last attempt, which is not recorded as followed by another', async () => {
    const { final, told } = await answer([fails(), fails(), fails({ statusCode: 503 }), gives('too late')]);
    expect(told.filter((line) => line !== 'call')).toEqual([
      'sending 1',
      'failed 1',
      'sending 2',
      'failed 2',
      'sending 3',
    ]);
    expect(final).toMatchObject({ number: 3, answer: null, usage: null, failure: { facts: { statusCode: 503 } } });
  });

  it('does not retry what no retry can mend', async () => {
    const { final, told } = await answer([fails({ retryable: false }), gives('never')]);
    expect(told).toEqual(['sending 1', 'call']);
    expect(final).toMatchObject({ number: 1, failure: { slug: 'claude-overloaded' } });
  });

  it('waits as long as Claude asks, up to the cap', async () => {
    const waited = await answer([fails({ retryAfterMs: 120 }), gives('x')]);
    expect(waited.waits).toEqual([0, 120]);
    expect(waited.elapsedMs).toBeGreaterThanOrEqual(118);
    const capped = await answer([fails({ retryAfterMs: 1001 }), gives('x')]);
    expect(capped.told).toEqual(['sending 1', 'call']);
    expect(capped.final.failure).toMatchObject({ extras: { retryAfterSeconds: 2 } });
  });

  it('does not begin a wait that would pass the deadline', async () => {
    const limits = { deadlineMs: 60_000, retryAfterMaxMs: 100_000 };
    const { final, elapsedMs } = await answer([fails({ retryAfterMs: 70_000 }), gives('x')], limits);
    expect(final).toMatchObject({ number: 1, failure: { slug: 'claude-overloaded' } });
    expect(elapsedMs).toBeLessThan(450);
  });

  it('ends a call at the deadline, with what was seen', async () => {
    const { final, told, elapsedMs } = await answer([hangs], { deadlineMs: 300 });
    expect(told).toEqual(['sending 1', 'call', 'text So']);
    expect(final.failure).toMatchObject({
      slug: 'claude-timeout',
      facts: { errorType: 'deadline', retryable: false, mayBeBilled: true, seen: { text: 'So' } },
    });
    expect(elapsedMs).toBeLessThan(1000);
  });

  it('ends a call at once when it is given up, and frees its place', async () => {
    const giveUp = new AbortController();
    setTimeout(() => giveUp.abort(new AbortReason('cancelled')), 30);
    const { final, free, elapsedMs } = await answer([hangs], { deadlineMs: 60_000 }, giveUp.signal);
    expect(final.failure).toMatchObject({ abortCause: 'cancelled', seen: { text: 'So' } });
    expect(free).toBe(2);
    expect(elapsedMs).toBeLessThan(1000);
  });

  it('ends a wait at once when it is given up: the next attempt was never begun', async () => {
    const giveUp = new AbortController();
    setTimeout(() => giveUp.abort(new AbortReason('shutdown')), 30);
    const limits = { deadlineMs: 100_000, retryAfterMaxMs: 60_000 };
    const steps = [fails({ retryAfterMs: 60_000 }), gives('x')];
    const { final, told, elapsedMs } = await answer(steps, limits, giveUp.signal);
    expect(told).toEqual(['sending 1', 'call', 'failed 1']);
    expect(final).toMatchObject({ number: 1, failure: { abortCause: 'shutdown', seen: null } });
    expect(elapsedMs).toBeLessThan(800);
  });

  it('listens to who may give up no longer than the call takes', async () => {
    const abort = new AbortController();
    await answer([gives('Solid')], {}, abort.signal);
    await answer([fails({ retryable: false })], {}, abort.signal);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  it('sends nothing for who had given up before', async () => {
    const { final, told } = await answer([gives('x')], {}, AbortSignal.abort(new AbortReason('cancelled')));
    expect(told).toEqual([]);
    expect(final).toMatchObject({ number: 0, failure: { abortCause: 'cancelled' } });
  });

  it('sends nothing for who gives up while the attempt is recorded, and nothing is billed', async () => {
    for (const cause of ['cancelled', 'deadline'] as const) {
      const { gateway, recorder, told } = gatewayOf([gives('x')]);
      const giveUp = new AbortController();
      const sending = () => Promise.resolve(giveUp.abort(new AbortReason(cause)));
      const { failure } = await gateway.answer(REQUEST, { ...recorder, sending }, giveUp.signal, null);
      expect(told).toEqual([]);
      expect(failure instanceof ClaudeApiError ? failure.facts.mayBeBilled : failure?.mayBeBilled).toBe(false);
      await Promise.resolve();
      expect(gateway.slots.free).toBe(LIMITS.maxConcurrency);
    }
  });

  it('sends nothing for who gives up while it waits for a place', async () => {
    const { gateway, recorder, told } = gatewayOf([hangs, gives('x')], { maxConcurrency: 1 });
    const [holder, waiter] = [new AbortController(), new AbortController()];
    const held = gateway.answer(REQUEST, recorder, holder.signal, null);
    const waiting = gateway.answer(REQUEST, recorder, waiter.signal, null);
    waiter.abort(new AbortReason('cancelled'));
    expect(await waiting).toMatchObject({ number: 0, failure: { abortCause: 'cancelled' } });
    holder.abort(new AbortReason('cancelled'));
    await held;
    expect(told.filter((line) => line.startsWith('sending'))).toEqual(['sending 1']);
  });

  it('gives back a place that was taken before, used or not', async () => {
    const { gateway, recorder } = gatewayOf([gives('x')], { maxConcurrency: 1 });
    await gateway.answer(REQUEST, recorder, never, await gateway.slots.acquire(never));
    const unused = await gateway.slots.acquire(never);
    const aborted = AbortSignal.abort(new AbortReason('cancelled'));
    await gateway.answer(
      REQUEST,
      { ...recorder, sending: () => Promise.reject(aborted.reason as Error) },
      aborted,
      unused,
    );
    await Promise.resolve();
    expect(gateway.slots.free).toBe(1);
  });

  it('holds no place while it waits for a retry', async () => {
    const { gateway, recorder, told } = gatewayOf([fails({ retryAfterMs: 1000 }), gives('x')], { maxConcurrency: 1 });
    const giveUp = new AbortController();
    const final = gateway.answer(REQUEST, recorder, giveUp.signal, null);
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    expect(told.at(-1)).toBe('failed 1');
    expect(gateway.slots.free).toBe(1);
    giveUp.abort(new AbortReason('cancelled'));
    await final;
  });

  it('throws what the recorder throws, and makes no call that is not recorded', async () => {
    const { gateway, recorder, told } = gatewayOf([gives('x')]);
    const refusing = { ...recorder, sending: () => Promise.reject(new Error('no budget')) };
    await expect(gateway.answer(REQUEST, refusing, never, null)).rejects.toThrow('no budget');
    expect(told).toEqual([]);
    expect(gateway.slots.free).toBe(2);
  });

  it('continues an answer that Claude pauses, and joins its turns', async () => {
    const { final, told, requests } = await answer([
      gives('A', 'pause_turn'),
      fails(),
      gives('B', 'pause_turn'),
      gives('C'),
    ]);
    expect(told.filter((line) => !line.startsWith('text') && line !== 'call')).toEqual([
      'sending 1',
      'paused 1',
      'sending 2',
      'failed 2',
      'sending 3',
      'paused 3',
      'sending 4',
    ]);
    expect(final).toMatchObject({
      number: 4,
      usage: USAGE,
      answer: { text: 'ABC', stopReason: 'end_turn', usage: { output_tokens: 6 } },
    });
    expect(requests.map(({ assistantSoFar }) => assistantSoFar?.map((block) => block['text']))).toEqual([
      undefined,
      ['A'],
      ['A'],
      ['A', 'B'],
    ]);
  });

  it('keeps the turns before one that failed', async () => {
    const { final } = await answer([gives('A', 'pause_turn'), fails({ retryable: false })]);
    expect(final).toMatchObject({
      number: 2,
      answer: null,
      earlier: { text: 'A' },
      failure: { slug: 'claude-overloaded' },
    });
  });

  it('leaves a model alone that fails too often, and others not', async () => {
    const { gateway, recorder, told } = gatewayOf(Array<Step>(200).fill(fails()), { maxAttempts: 1 });
    for (let call = 0; call < 30; call += 1) await gateway.answer(REQUEST, recorder, never, null);
    const calls = told.filter((line) => line === 'call').length;
    expect(calls).toBeLessThan(30);
    const refused = await gateway.answer(REQUEST, recorder, never, null);
    expect(refused.failure).toMatchObject({
      slug: 'claude-overloaded',
      facts: { errorType: 'circuit_open', mayBeBilled: false },
    });
    expect((refused.failure as ClaudeApiError).extras.retryAfterSeconds).toBeGreaterThan(0);
    expect(told.filter((line) => line === 'call').length).toBe(calls);
    await gateway.answer({ ...REQUEST, model: 'claude-opus-5' }, recorder, never, null);
    expect(told.filter((line) => line === 'call').length).toBe(calls + 1);
  });
});
