import fc from 'fast-check';
import { ClaudeApiError, type FailureFacts, NO_FACTS } from '../claude-failure.js';
import { retryAfterMs } from '../client/retry-after.js';
import { RetryBudget } from './retry-budget.js';
import { type RetryLimits, waitBeforeRetry } from './retry-policy.js';

describe('retry-after', () => {
  const NOW = Date.parse('2026-11-23T09:30:00Z');
  const asked = (headers: Record<string, string>) => retryAfterMs(new Headers(headers), NOW);

  it.each([
    ['5', 5000],
    ['0', 0],
    ['1.5', 1500],
    ['0.0005', 1],
    [' 7 ', 7000],
    ['Mon, 23 Nov 2026 09:30:42 GMT', 42_000],
    ['Monday, 23-Nov-26 09:30:42 GMT', 42_000],
    ['Mon Nov 23 09:30:42 2026 GMT', 42_000],
    ['Mon, 23 Nov 2026 09:29:00 GMT', 0],
  ])('of %j asks to wait %d ms', (header, ms) => {
    expect(asked({ 'retry-after': header })).toBe(ms);
  });

  it.each(['', '-5', '+5', '1e3', '0x10', 'soon', 'soon 5', 'Mon', 'NaN', 'Infinity', '5 seconds', '9'.repeat(400)])(
    'of %j asks for nothing',
    (header) => {
      expect(asked({ 'retry-after': header })).toBeNull();
    },
  );

  it('in milliseconds is the more exact one and wins, if it is one', () => {
    expect(asked({ 'retry-after-ms': '1234.5', 'retry-after': '9' })).toBe(1235);
    expect(asked({ 'retry-after-ms': '20 or so', 'retry-after': '9' })).toBe(9000);
    expect(asked({ 'retry-after-ms': '-1' })).toBeNull();
  });

  it('may be missing, with all other headers too', () => {
    expect([asked({}), retryAfterMs(undefined)]).toEqual([null, null]);
  });

  it('is null or a whole number of milliseconds from 0, whatever was sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.-+eE :,GMTMonNov') }), (header) => {
        const ms = asked({ 'retry-after': header, 'retry-after-ms': header });
        expect(ms === null || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

const LIMITS: RetryLimits = { maxAttempts: 3, backoffMinMs: 2000, backoffMaxMs: 10_000, retryAfterMaxMs: 60_000 };
const failure = (facts: Partial<FailureFacts> = {}) =>
  new ClaudeApiError('claude-overloaded', 'x', { ...NO_FACTS, retryable: true, ...facts });

describe('The wait before a retry', () => {
  const wait = (attempt: number, random: number, limits = LIMITS) =>
    waitBeforeRetry(failure(), attempt, Number.MAX_SAFE_INTEGER, limits, () => random);

  it('is random between the minimum and the minimum doubled for each attempt, up to the maximum', () => {
    const many = { ...LIMITS, maxAttempts: 10 };
    const bounds = [1, 2, 3, 4].map((attempt) => [wait(attempt, 0, many), wait(attempt, 1, many)]);
    expect(bounds).toEqual([
      [2000, 4000],
      [2000, 8000],
      [2000, 10_000],
      [2000, 10_000],
    ]);
  });

  it('is a whole number within its bounds for any limits and any chance', () => {
    const ms = fc.nat(2_147_483_647);
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), ms, ms, chance, (attempt, a, b, random) => {
        const limits = { ...LIMITS, maxAttempts: 100, backoffMinMs: Math.min(a, b), backoffMaxMs: Math.max(a, b) };
        const waited = wait(attempt, random, limits) ?? -1;
        const ceiling = Math.min(limits.backoffMaxMs, limits.backoffMinMs * 2 ** attempt);
        expect(Number.isSafeInteger(waited) && waited >= limits.backoffMinMs && waited <= ceiling).toBe(true);
      }),
    );
  });

  it('is what Claude asks for, when it asks', () => {
    expect(waitBeforeRetry(failure({ retryAfterMs: 0 }), 1, 1000, LIMITS)).toBe(0);
    expect(waitBeforeRetry(failure({ retryAfterMs: 60_000 }), 1, 100_000, LIMITS)).toBe(60_000);
  });

  it('is none beyond the cap, and the failure passes on what was asked', () => {
    const capped = failure({ retryAfterMs: 60_001 });
    expect(waitBeforeRetry(capped, 1, 100_000, LIMITS)).toBeNull();
    expect(capped.extras.retryAfterSeconds).toBe(61);
  });

  it('is none after the last attempt, nor for what no retry can mend', () => {
    expect([1, 2, 3, 4].map((attempt) => wait(attempt, 0) !== null)).toEqual([true, true, false, false]);
    expect(waitBeforeRetry(failure(), 1, 100_000, { ...LIMITS, maxAttempts: 1 })).toBeNull();
    expect(waitBeforeRetry(failure({ retryable: false, retryAfterMs: 1 }), 1, 100_000, LIMITS)).toBeNull();
  });

  it('is none that would pass the deadline', () => {
    expect(waitBeforeRetry(failure(), 1, 2000, LIMITS, () => 0)).toBeNull();
    expect(waitBeforeRetry(failure(), 1, 2001, LIMITS, () => 0)).toBe(2000);
    expect(waitBeforeRetry(failure({ retryAfterMs: 0 }), 1, -5, LIMITS)).toBeNull();
  });
});

describe('The budget of retries', () => {
  const START = 1_800_000_000_000;
  const takeMany = (budget: RetryBudget, count: number, at: number) =>
    Array.from({ length: count }, () => budget.take(at)).filter(Boolean).length;

  it('never refuses the first twenty in ten seconds, and no more than these without calls', () => {
    const budget = new RetryBudget();
    expect(takeMany(budget, 100, START)).toBe(20);
    expect(takeMany(budget, 100, START + 9000)).toBe(0);
    expect(takeMany(budget, 100, START + 10_000)).toBe(20);
  });

  it('gives a tenth of the calls of the last minute', () => {
    const budget = new RetryBudget();
    for (let call = 0; call < 1000; call += 1) budget.called(START);
    expect(takeMany(budget, 500, START)).toBe(100);
    expect(takeMany(budget, 500, START + 61_000)).toBe(20);
  });
});
