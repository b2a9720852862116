import fc from 'fast-check';
import { nanoUsd } from '../../../platform/money/money.js';
import type { ClaudeAnswer, ClaudeUsage } from '../../claude/claude.types.js';
import { billingOf, brokenBilling, costOfUsage, settledBilling, worstCaseOf } from './run-money.js';
import type { RunAttempt, RunSettings } from '../run.types.js';

const MODEL = 'claude-opus-5-5';
const UNPRICED = 'claude-unknown-9';
const DAY = new Date('2026-11-23T00:00:00Z');
const USAGE: ClaudeUsage = {
  input_tokens: 100,
  output_tokens: 10,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
};
/** A run of a model that goes to Claude alone. */
const alone = (model: string) => ({ model, messageBatchId: null });
/** 100 tokens at 4 USD and 10 at 20 USD per million. */
const COST = 600_000;
const seen = (usage: ClaudeUsage | null) => ({ usage }) as ClaudeAnswer;
const attempt = (fields: Partial<RunAttempt> = {}) =>
  ({
    number: 1,
    state: 'sent',
    startedAt: DAY,
    reservedNanoUsd: nanoUsd(5_000_000),
    minNanoUsd: nanoUsd(0),
    ...fields,
  }) as RunAttempt;
const question = (settings: Partial<RunSettings> = {}, content = 'x'.repeat(200), model = MODEL) => ({
  model,
  system: null,
  messages: [{ role: 'user' as const, content }],
  settings: { max_tokens: 100, ...settings },
  messageBatchId: null,
});

describe('The worst case of an attempt', () => {
  it('covers what any answer to it costs', () => {
    const tokens = fc.nat(50_000);
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        tokens,
        fc.integer({ min: 1, max: 100_000 }),
        (content, cached, max) => {
          const worst = worstCaseOf(question({ max_tokens: max }, content), DAY) ?? -1;
          const input = Math.ceil(Buffer.byteLength(content) / 2);
          const usage = {
            input_tokens: Math.max(0, input - cached),
            cache_creation_input_tokens: Math.min(input, cached),
            cache_read_input_tokens: 0,
            output_tokens: max,
          };
          expect(worst).toBeGreaterThanOrEqual(costOfUsage(alone(MODEL), usage, DAY)?.nano ?? Infinity);
        },
      ),
    );
  });

  it('counts the schema, and all that a search may find', () => {
    const plain = worstCaseOf(question(), DAY) ?? 0;
    expect(worstCaseOf(question({ output_schema: { type: 'object', title: 'x'.repeat(99) } }), DAY)).toBeGreaterThan(
      plain,
    );
    // A million tokens of input, as cache writes at 5 USD, and 100 of output.
    expect(worstCaseOf(question({ web_search: true }), DAY)).toBe(5_000_000_000 + 2_000_000);
  });

  it('is unknown for a model without a price', () => {
    expect(worstCaseOf(question({}, 'x', UNPRICED), DAY)).toBeNull();
  });
});

describe('A finished attempt', () => {
  it('that was answered is settled at its cost', () => {
    const cost = costOfUsage(alone(MODEL), USAGE, DAY);
    expect([cost?.nano, cost?.price.model]).toEqual([COST, MODEL]);
    expect(settledBilling(nanoUsd(COST))).toEqual({ state: 'settled', minNanoUsd: COST, maxNanoUsd: COST });
  });

  it('that was answered by a model without a price is unknown, without a maximum', () => {
    expect([costOfUsage(alone(UNPRICED), USAGE, DAY), costOfUsage(alone(MODEL), null, DAY)]).toEqual([null, null]);
    expect(settledBilling(null)).toEqual({ state: 'unknown', minNanoUsd: 0, maxNanoUsd: null });
  });

  it('that was refused cost nothing', () => {
    expect(brokenBilling(alone(MODEL), attempt(), false, null)).toEqual({
      state: 'settled',
      minNanoUsd: 0,
      maxNanoUsd: 0,
    });
  });

  it('that broke is unknown: from what was seen to what was reserved', () => {
    const bounds = (reserved: number | null, answer: ClaudeAnswer | null, model = MODEL) =>
      brokenBilling(
        alone(model),
        attempt({ reservedNanoUsd: reserved === null ? null : nanoUsd(reserved) }),
        true,
        answer,
      );
    expect(bounds(5_000_000, null)).toEqual({ state: 'unknown', minNanoUsd: 0, maxNanoUsd: 5_000_000 });
    expect(bounds(5_000_000, seen(null))).toEqual({ state: 'unknown', minNanoUsd: 0, maxNanoUsd: 5_000_000 });
    expect(bounds(5_000_000, seen(USAGE))).toEqual({ state: 'unknown', minNanoUsd: COST, maxNanoUsd: 5_000_000 });
    expect(bounds(1, seen(USAGE))).toEqual({ state: 'unknown', minNanoUsd: COST, maxNanoUsd: COST });
    expect(bounds(null, seen(USAGE), UNPRICED)).toEqual({ state: 'unknown', minNanoUsd: 0, maxNanoUsd: null });
  });

  it('that broke costs no less than was stored of it while it went on', () => {
    const minimum = (stored: number, usage: ClaudeAnswer | null) =>
      brokenBilling(alone(MODEL), attempt({ minNanoUsd: nanoUsd(stored) }), true, usage).minNanoUsd;
    expect([minimum(3, null), minimum(3, seen(USAGE)), minimum(COST + 1, seen(USAGE))]).toEqual([3, COST, COST + 1]);
  });

  it('that broke is priced by the day on which it was sent', () => {
    const model = 'claude-sonnet-5-5';
    const at = (day: string) =>
      brokenBilling(alone(model), attempt({ startedAt: new Date(day) }), true, seen(USAGE)).minNanoUsd;
    const priced = (day: string) => costOfUsage(alone(model), USAGE, new Date(day))?.nano ?? 0;
    for (const day of ['2026-09-28', '2026-11-23', '2030-01-01']) expect(at(day)).toBe(priced(day));
  });
});

describe('A run that goes to Claude in a Message Batch', () => {
  const together = { messageBatchId: 7 };

  it('costs half, is set aside at half, and keeps that it did', () => {
    const cost = costOfUsage({ model: MODEL, ...together }, USAGE, DAY);
    expect(cost?.nano).toBe(COST / 2);
    expect(cost?.price).toMatchObject({ model: MODEL, batch: true });
    const whole = worstCaseOf(question(), DAY) ?? 0;
    expect(worstCaseOf({ ...question(), ...together }, DAY)).toBe(whole / 2);
  });
});

describe('The bill of a run', () => {
  const none = attempt({ state: 'settled', minNanoUsd: nanoUsd(0), maxNanoUsd: nanoUsd(0) });
  const settled = attempt({ state: 'settled', minNanoUsd: nanoUsd(7), maxNanoUsd: nanoUsd(7) });
  const unknown = attempt({ state: 'unknown', minNanoUsd: nanoUsd(2), maxNanoUsd: nanoUsd(9) });
  const unpriced = attempt({ state: 'unknown', minNanoUsd: nanoUsd(0), maxNanoUsd: null });

  it.each<[string, RunAttempt[], string, number, number | null, number | null]>([
    ['without attempts', [], 'none', 0, 0, 0],
    ['of refusals alone', [none, none], 'none', 0, 0, 0],
    ['of answers', [none, settled, settled], 'settled', 14, 14, 14],
    ['with a break before the answer', [unknown, settled], 'unknown', 9, 16, 7],
    ['of breaks alone', [unknown, none], 'unknown', 2, 9, null],
    ['of a model without a price', [none, unpriced], 'unknown', 0, null, null],
  ])('%s', (_what, attempts, billingState, min, max, cost) => {
    expect(billingOf(attempts)).toEqual({
      billingState,
      billingMinNanoUsd: min,
      billingMaxNanoUsd: max,
      costNanoUsd: cost,
    });
  });

  it('has a minimum that is no more than its maximum, and a cost that is no more than either says', () => {
    const usage = fc.option(
      fc.record({
        input_tokens: fc.nat(1e6),
        output_tokens: fc.nat(1e5),
        cache_creation_input_tokens: fc.nat(1e6),
        cache_read_input_tokens: fc.nat(1e6),
      }),
    );
    const closed = fc
      .record({ billed: fc.boolean(), answered: fc.boolean(), reserved: fc.nat(1e9), usage })
      .map((each) => {
        const open = attempt({ reservedNanoUsd: nanoUsd(each.reserved) });
        if (each.answered && each.usage)
          return { ...open, ...settledBilling(costOfUsage(alone(MODEL), each.usage, DAY)?.nano ?? null) };
        return { ...open, ...brokenBilling(alone(MODEL), open, each.billed, seen(each.usage)) };
      });
    fc.assert(
      fc.property(fc.array(closed, { maxLength: 6 }), (attempts) => {
        const bill = billingOf(attempts);
        const max = bill.billingMaxNanoUsd ?? Infinity;
        expect(bill.billingMinNanoUsd).toBeLessThanOrEqual(max);
        expect(bill.costNanoUsd ?? 0).toBeLessThanOrEqual(bill.billingMinNanoUsd);
        if (bill.billingState !== 'unknown') expect([bill.billingMinNanoUsd, bill.costNanoUsd]).toEqual([max, max]);
        if (bill.billingState === 'none') expect(max).toBe(0);
      }),
    );
  });
});
