import fc from 'fast-check';
import { listModels, type PriceRow, priceAt } from './catalog.js';
import { costOf, estimateInputTokens, promptTokensOf, type Usage, worstCaseCost } from './cost.js';

const TODAY = new Date('2026-11-23T12:00:00Z');
const NOTHING: Usage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
};
const COUNTS = ['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'] as const;

function price(model: string, promptTokens = 1): PriceRow {
  const row = priceAt(model, TODAY, promptTokens);
  if (!row) throw new Error(`${model} has no price`);
  return row;
}

const HAIKU = price('claude-haiku-5-5');
const SONNET = price('claude-sonnet-5-5');

const pricedIds = listModels().flatMap(({ id, prices }) => (prices.length > 0 ? [id] : []));
const anyModel = fc.constantFrom(...pricedIds);
const tokens = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 200_000 }));
const usages: fc.Arbitrary<Usage> = fc.record({
  input_tokens: tokens,
  output_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_read_input_tokens: tokens,
});

describe('the cost of a usage', () => {
  it('sums the four classes, each at its own rate', () => {
    const usage = {
      input_tokens: 1_000,
      output_tokens: 500,
      cache_creation_input_tokens: 2_000,
      cache_read_input_tokens: 3_000,
    };
    expect(costOf(usage, SONNET)).toBe(2_000_000 + 5_000_000 + 5_000_000 + 300_000);
    expect(costOf(usage, SONNET, { batch: true })).toBe(6_150_000);
    expect(costOf(NOTHING, SONNET)).toBe(0);
  });

  it('charges one-hour cache writes apart from five-minute ones', () => {
    const split = { ephemeral_5m_input_tokens: 600, ephemeral_1h_input_tokens: 400 };
    const usage = { ...NOTHING, cache_creation_input_tokens: 1_000, cache_creation: split };
    expect(costOf(usage, SONNET)).toBe(600 * 2_500 + 400 * 4_000);
    expect(costOf({ ...usage, cache_creation: null }, SONNET)).toBe(1_000 * 2_500);
  });

  it.each([
    [{ cache_creation_input_tokens: 1 }, true, 63],
    [{ cache_creation_input_tokens: 1 }, false, 125],
    [{ cache_creation_input_tokens: 2 }, true, 125],
    [{ cache_creation_input_tokens: 1, cache_read_input_tokens: 1 }, true, 68],
    [{ cache_creation_input_tokens: 3, output_tokens: 1 }, true, 438],
  ])('rounds %j (batch: %p) half up, once, to %d nano-dollars', (part, batch, nano) => {
    expect(costOf({ ...NOTHING, ...part }, HAIKU, { batch })).toBe(nano);
  });

  it('rounds less than half a nano-dollar down', () => {
    const row = { ...HAIKU, input: 499_999 as PriceRow['input'], output: 500_000 as PriceRow['output'] };
    expect(costOf({ ...NOTHING, input_tokens: 1 }, row)).toBe(0);
    expect(costOf({ ...NOTHING, output_tokens: 1 }, row)).toBe(1);
    expect(costOf({ ...NOTHING, output_tokens: 1 }, row, { batch: true })).toBe(0);
  });

  it('takes the tier of the whole prompt, cached parts too, for the whole request', () => {
    const usage = {
      input_tokens: 1,
      output_tokens: 10,
      cache_creation_input_tokens: 50_000,
      cache_read_input_tokens: 50_000,
    };
    expect(promptTokensOf(usage)).toBe(100_001);
    const cheap = costOf({ ...usage, input_tokens: 0 }, price('claude-haiku-5-5', 100_000));
    expect(cheap).toBe(10 * 500 + 50_000 * 125 + 50_000 * 10);
    expect(costOf(usage, price('claude-haiku-5-5', 100_001))).toBe(5 * (cheap + 100));
  });

  it('is the sum of its classes, exactly', () => {
    fc.assert(
      fc.property(usages, anyModel, (usage, model) => {
        const row = price(model, promptTokensOf(usage));
        const parts = COUNTS.map((name) => costOf({ ...NOTHING, [name]: usage[name] }, row));
        expect(costOf(usage, row)).toBe(parts.reduce((sum, part) => sum + part, 0));
      }),
    );
  });

  it('is half in a batch, rounded half up', () => {
    fc.assert(
      fc.property(usages, anyModel, (usage, model) => {
        const row = price(model, promptTokensOf(usage));
        expect(costOf(usage, row, { batch: true })).toBe(Math.ceil(costOf(usage, row) / 2));
      }),
    );
  });

  it('never falls when tokens of any class are added, across tiers too', () => {
    fc.assert(
      fc.property(
        usages,
        anyModel,
        fc.constantFrom(...COUNTS),
        tokens,
        fc.boolean(),
        (usage, model, name, more, batch) => {
          const larger = { ...usage, [name]: usage[name] + more };
          const cost = (some: Usage): number => costOf(some, price(model, promptTokensOf(some)), { batch });
          expect(cost(larger)).toBeGreaterThanOrEqual(cost(usage));
        },
      ),
    );
  });

  it.each([-1, 0.5, NaN, 2 ** 53])('refuses %d as a count of tokens', (count) => {
    expect(() => costOf({ ...NOTHING, output_tokens: count }, SONNET)).toThrow(RangeError);
  });

  it('refuses an amount that is too large to be exact', () => {
    expect(() => costOf({ ...NOTHING, output_tokens: 2 ** 52 }, SONNET)).toThrow(RangeError);
  });
});

describe('the worst case', () => {
  it('charges the whole prompt as cache writes where caching is on, and all of max_tokens', () => {
    const bounds = { inputTokens: 1_000, maxTokens: 100, price: SONNET };
    expect(worstCaseCost(bounds)).toBe(2_000_000 + 1_000_000);
    expect(worstCaseCost({ ...bounds, cacheWrites: true })).toBe(2_500_000 + 1_000_000);
    expect(worstCaseCost({ ...bounds, cacheWrites: true, batch: true })).toBe(1_750_000);
  });

  it('is at least what any call within its bounds costs', () => {
    fc.assert(
      fc.property(usages, anyModel, tokens, tokens, fc.boolean(), (usage, model, spareIn, spareOut, batch) => {
        const inputTokens = promptTokensOf(usage) + spareIn;
        const maxTokens = usage.output_tokens + spareOut;
        const real = costOf(usage, price(model, promptTokensOf(usage)), { batch });
        const row = price(model, inputTokens);
        const worst = worstCaseCost({ inputTokens, maxTokens, price: row, cacheWrites: true, batch });
        expect(worst).toBeGreaterThanOrEqual(real);
      }),
    );
  });

  it('holds without caching for calls that write no cache', () => {
    fc.assert(
      fc.property(usages, anyModel, (seen, model) => {
        const usage = { ...seen, cache_creation_input_tokens: 0 };
        const row = price(model, promptTokensOf(usage));
        const worst = worstCaseCost({ inputTokens: promptTokensOf(usage), maxTokens: usage.output_tokens, price: row });
        expect(worst).toBeGreaterThanOrEqual(costOf(usage, row));
      }),
    );
  });
});

describe('the estimate of input tokens', () => {
  it('counts a token for every two bytes of UTF-8, and sixteen around each text', () => {
    expect(estimateInputTokens([])).toBe(0);
    expect(estimateInputTokens([''])).toBe(16);
    expect(estimateInputTokens(['abc'])).toBe(18);
    expect(estimateInputTokens(['abc', 'äöü', '漢字'])).toBe(18 + 19 + 19);
  });
});
