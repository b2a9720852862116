import fc from 'fast-check';
import { DAY_MS, dayOf } from '../platform/time/day.js';
import { filingQuery, spansOf } from './filing.js';

const NOW = new Date('2026-11-23T10:00:00Z');

describe('The spans of some days', () => {
  it.each([
    ['2026-11-23', '2026-11-23', ['month 2026-11']],
    ['2026-11-29', '2026-12-01', ['month 2026-11', 'month 2026-12']],
    ['2025-01-01', '2026-01-31', ['year 2025', 'month 2026-01']],
    ['2023-12-31', '2025-01-01', ['month 2023-12', 'year 2024', 'month 2025-01']],
    ['2026-11-24', '2026-11-23', []],
  ])('from %s to %s are their months, and whole years', (from, to, spans) => {
    expect(spansOf(from, to)).toEqual(spans);
  });

  it('have each of the days in one of them', () => {
    const day = fc.integer({ min: Date.parse('2020-01-01') / DAY_MS, max: Date.parse('2030-12-31') / DAY_MS });
    fc.assert(
      fc.property(day, fc.nat(1500), (start, length) => {
        const days = Array.from({ length: length + 1 }, (_, n) => dayOf(new Date((start + n) * DAY_MS)));
        const spans = spansOf(days[0]!, days.at(-1)!);
        const prefixes = spans.map((span) => span.split(' ')[1]!);
        for (const each of days) expect(prefixes.filter((prefix) => each.startsWith(prefix))).toHaveLength(1);
        for (const prefix of prefixes) expect(days.some((each) => each.startsWith(prefix))).toBe(true);
        expect(spans.length).toBeLessThanOrEqual(12 + 12 + 4);
      }),
      { numRuns: 30 },
    );
  });
});

describe('The filters of a search', () => {
  it('are none without any', () => {
    expect(filingQuery({ days: {} }, NOW)).toBeNull();
  });

  it('are the item and the months, as entries that no text has', () => {
    expect(filingQuery({ researchItemId: 7, days: {} }, NOW)).toBe("' item 7'");
    expect(filingQuery({ researchItemId: 7, days: { from: '2026-10-31', to: '2026-11-23' } }, NOW)).toBe(
      "' item 7' & (' month 2026-10' | ' month 2026-11')",
    );
  });

  it('reach from before the first document to tomorrow where they are open', () => {
    expect(filingQuery({ days: { from: '2026-11-22' } }, new Date('2026-11-30T10:00:00Z'))).toBe(
      "(' month 2026-11' | ' month 2026-12')",
    );
    expect(filingQuery({ days: { to: '2021-01-31' } }, NOW)).toBe("(' year 2020' | ' month 2021-01')");
    expect(filingQuery({ days: { from: '0001-01-01', to: '9999-12-31' } }, new Date('2020-01-30T00:00:00Z'))).toBe(
      "(' month 2020-01')",
    );
  });

  it('let nothing through where there are no days', () => {
    for (const days of [{ from: '9999-12-31' }, { to: '0001-01-01' }]) {
      expect(filingQuery({ days }, NOW)).toBe("' year none'");
    }
  });
});
