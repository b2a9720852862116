import { findModel, listModels, type PriceRow, priceAt } from './catalog.js';

const day = (text: string): Date => new Date(`${text}T12:00:00Z`);
const TODAY = day('2026-11-23');
const CLASSES = ['input', 'output', 'cache_write_5m', 'cache_write_1h', 'cache_read'] as const;

const perMillion = (row: PriceRow | null): number[] => CLASSES.map((name) => Number(row?.[name]) / 1e9);

describe('the model catalog', () => {
  it('names each model once, with limits, and a display name that follows from the id', () => {
    const models = listModels();
    expect(new Set(models.map(({ id }) => id)).size).toBe(models.length);
    for (const { id, display_name, max_input_tokens, max_output_tokens } of models) {
      expect(display_name.toLowerCase().replace(/[ .]/g, '-')).toBe(id);
      expect(max_output_tokens).toBeLessThan(Number(max_input_tokens));
    }
  });

  it('says when a deprecated model ends', () => {
    const ending = listModels().filter(({ retires_on }) => retires_on !== null);
    expect(ending.map(({ id, retires_on }) => [id, retires_on])).toEqual([['claude-sonnet-4-5', '2026-11-30']]);
  });

  it('dates every price, and sorts prices by day and tier, the open tier last', () => {
    for (const { prices } of listModels()) {
      expect(prices.every(({ as_of }) => /^2026-\d\d-\d\d$/.test(as_of))).toBe(true);
      const place = prices.map((price) => [price.effective_from ?? '', price.up_to_prompt_tokens ?? Infinity] as const);
      const sorted = place.toSorted(([a, m], [b, n]) => (a < b ? -1 : a > b ? 1 : m - n));
      expect(place).toEqual(sorted);
      for (const from of new Set(place.map(([date]) => date))) expect(place).toContainEqual([from, Infinity]);
    }
  });

  it('never has a cheaper price for a larger prompt, which a worst case relies on', () => {
    for (const { id, prices } of listModels()) {
      for (const { effective_from: from, up_to_prompt_tokens: limit } of prices) {
        if (limit === null) continue;
        const at = day(from ?? '2026-11-23');
        const [small, large] = [priceAt(id, at, limit), priceAt(id, at, limit + 1)];
        for (const name of CLASSES) expect(large?.[name]).toBeGreaterThanOrEqual(Number(small?.[name]));
      }
    }
  });

  it('charges five-minute cache writes at 1.25 times and one-hour writes at twice the input', () => {
    const rows = listModels().flatMap(({ prices }) => prices);
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) {
      expect(row.cache_write_5m_usd_per_million).toBe(row.input_usd_per_million * 1.25);
      expect(row.cache_write_1h_usd_per_million).toBe(row.input_usd_per_million * 2);
    }
  });
});

describe('a model', () => {
  it('is found by its id, and by the id of a dated snapshot', () => {
    expect(findModel('claude-sonnet-5-5')?.display_name).toBe('Claude Sonnet 5.5');
    expect(findModel('claude-sonnet-5-5-20260928')).toBe(findModel('claude-sonnet-5-5'));
    expect(findModel('claude-opus-4-5-20251101')?.id).toBe('claude-opus-4-5');
  });

  it.each(['claude-nova-1', 'claude-sonnet-5-5-2026', '', 'constructor', '__proto__', '-20260928'])(
    'is not found as %p, and has no price then',
    (id) => {
      expect(findModel(id)).toBeNull();
      expect(priceAt(id, TODAY, 1)).toBeNull();
    },
  );
});

describe('a price', () => {
  it.each([
    ['claude-fable-5-1', [10, 50, 12.5, 20, 0.25]],
    ['claude-opus-5-5', [4, 20, 5, 8, 0.2]],
    ['claude-opus-4-5', [5, 25, 6.25, 10, 0.5]],
    ['claude-sonnet-5-5', [2, 10, 2.5, 4, 0.1]],
    ['claude-sonnet-5', [2, 10, 2.5, 4, 0.2]],
  ])('of %s is in whole nano-dollars per million tokens', (id, usd) => {
    expect(perMillion(priceAt(id, TODAY, 1_000))).toEqual(usd);
  });

  it('changes on its day, at midnight UTC', () => {
    const readOn = (time: string) => priceAt('claude-sonnet-5-5', new Date(time), 1)?.cache_read;
    expect(readOn('2026-09-28T00:00:00Z')).toBe(200_000_000);
    expect(readOn('2026-10-06T23:59:59.999Z')).toBe(200_000_000);
    expect(readOn('2026-10-07T00:00:00Z')).toBe(100_000_000);
    expect(priceAt('claude-sonnet-5-5-20260928', TODAY, 1)?.effective_from).toBe('2026-10-07');
  });

  it('is unknown before the first day of a model that has one', () => {
    expect(priceAt('claude-sonnet-5-5', new Date('2026-09-27T23:59:59.999Z'), 1)).toBeNull();
    expect(priceAt('claude-opus-5', day('2026-09-27'), 1)).not.toBeNull();
  });

  it('depends on the size of the prompt where there are tiers', () => {
    expect(perMillion(priceAt('claude-haiku-5-5', TODAY, 0))).toEqual([0.1, 0.5, 0.125, 0.2, 0.01]);
    expect(perMillion(priceAt('claude-haiku-5-5', TODAY, 100_000))).toEqual([0.1, 0.5, 0.125, 0.2, 0.01]);
    expect(perMillion(priceAt('claude-haiku-5-5', TODAY, 100_001))).toEqual([0.5, 2.5, 0.625, 1, 0.05]);
  });

  it('is unknown for a model without prices', () => {
    expect(findModel('claude-sonnet-4-5')).not.toBeNull();
    expect(priceAt('claude-sonnet-4-5', TODAY, 1)).toBeNull();
  });
});
