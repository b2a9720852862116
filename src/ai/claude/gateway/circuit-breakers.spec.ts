import { jest } from '@jest/globals';
import { AbortReason, CallAborted, ClaudeApiError, type ClaudeSlug, NO_FACTS } from '../claude-failure.js';
import { CircuitBreakers } from './circuit-breakers.js';

const MODEL = 'claude-opus-5-5';

const failure = (slug: ClaudeSlug, statusCode: number | null = null) =>
  new ClaudeApiError(slug, 'x', { ...NO_FACTS, statusCode });
const overloaded = failure('claude-overloaded', 529);

describe('A circuit breaker', () => {
  let breakers: CircuitBreakers;
  let calls: number;

  beforeEach(() => {
    jest.useFakeTimers();
    breakers = new CircuitBreakers();
    calls = 0;
  });
  afterEach(() => jest.useRealTimers());

  /** Makes a call that succeeds, or throws `error`; answers what the caller is told. */
  async function call(error?: Error, model = MODEL): Promise<unknown> {
    const answer = async (): Promise<string> => {
      calls += 1;
      if (error) throw error;
      return 'answered';
    };
    const told = breakers.execute(model, answer, true);
    return told.catch((thrown: unknown) => thrown);
  }

  async function times(count: number, error?: Error): Promise<void> {
    for (let made = 0; made < count; made += 1) await call(error);
  }

  const isOpen = async (): Promise<boolean> => {
    const before = calls;
    await call();
    return calls === before;
  };

  it('opens when half of twenty calls fail, and not before', async () => {
    await times(10);
    await times(9, overloaded);
    expect(await isOpen()).toBe(false);
    await times(11, overloaded);
    expect(await isOpen()).toBe(true);
  });

  it('stays closed with fewer than twenty calls, and with failures that are long past', async () => {
    await times(19, overloaded);
    jest.advanceTimersByTime(31_000);
    await times(19, overloaded);
    expect(await isOpen()).toBe(false);
  });

  it.each<[string, Error]>([
    ['5xx', failure('claude-failed', 500)],
    ['no connection', failure('claude-unreachable')],
    ['timeouts', failure('claude-timeout')],
    ['faults inside a stream', failure('claude-interrupted', 200)],
    ['answers that did not end by the deadline', new CallAborted('deadline', null)],
  ])('counts %s', async (_, error) => {
    await times(20, error);
    expect(await isOpen()).toBe(true);
  });

  it.each<[string, Error]>([
    ['400', failure('claude-rejected-request', 400)],
    ['401', failure('claude-misconfigured', 401)],
    ['408', failure('claude-failed', 408)],
    ['409', failure('claude-failed', 409)],
    ['413', failure('claude-request-too-large', 413)],
    ['429', failure('claude-rate-limited', 429)],
    ['calls that were cancelled', new CallAborted('cancelled', null)],
    ['what is no failure of Claude', new AbortReason('fenced')],
  ])('does not count %s, and hands it on', async (_, error) => {
    await times(40, error);
    expect(await call(error)).toBe(error);
    expect(await isOpen()).toBe(false);
  });

  it('does not count calls that the deadline cuts off since they had waited for their place', async () => {
    const cut = () => Promise.reject(new CallAborted('deadline', null));
    for (let made = 0; made < 40; made += 1) {
      await expect(breakers.execute(MODEL, cut, false)).rejects.toBeInstanceOf(CallAborted);
    }
    expect(await isOpen()).toBe(false);
  });

  it.each<[string, Error, boolean]>([
    ['the deadline cuts off since it had waited for its place', new CallAborted('deadline', null), false],
    ['its owner cancels', new CallAborted('cancelled', null), true],
    ['another worker has taken over', new AbortReason('fenced'), true],
  ])('stays open after a probe that %s: that says nothing of Claude', async (_, error, hasTime) => {
    await times(20, overloaded);
    jest.advanceTimersByTime(16_000);
    await expect(breakers.execute(MODEL, () => Promise.reject(error), hasTime)).rejects.toBe(error);
    expect(await isOpen()).toBe(true);
    jest.advanceTimersByTime(16_000);
    expect(await call()).toBe('answered');
  });

  it('tells callers at once while it is open, and when to come again', async () => {
    await times(20, overloaded);
    jest.advanceTimersByTime(5000);
    const before = calls;
    expect(await call()).toMatchObject({
      slug: 'claude-overloaded',
      facts: { errorType: 'circuit_open', retryable: false, mayBeBilled: false, statusCode: null },
      extras: { retryAfterSeconds: 10 },
    });
    expect(calls).toBe(before);
  });

  it('is one for each model', async () => {
    await times(20, overloaded);
    expect(await call(undefined, 'claude-haiku-5-5')).toBe('answered');
  });

  it('lets one probe through after fifteen seconds, and closes when it succeeds', async () => {
    await times(20, overloaded);
    jest.advanceTimersByTime(15_000);
    let answer: (value: string) => void = () => undefined;
    const probe = breakers.execute(MODEL, () => new Promise<string>((resolve) => (answer = resolve)), true);
    expect(await isOpen()).toBe(true);
    answer('well again');
    expect(await probe).toBe('well again');
    expect(await isOpen()).toBe(false);
  });

  it('waits another fifteen seconds when the probe fails', async () => {
    await times(20, overloaded);
    jest.advanceTimersByTime(15_000);
    await call(overloaded);
    jest.advanceTimersByTime(14_000);
    expect(await isOpen()).toBe(true);
    jest.advanceTimersByTime(1000);
    expect(await call()).toBe('answered');
  });
});
