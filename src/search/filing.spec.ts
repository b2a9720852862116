import fc from 'fast-check';
import { filingQuery, spansOf } from './filing.js';

const NOW = new Date('2026-11-23T10:00:00Z');
const DAY_MS = 86_400_000;

/** Every day from one to another. */
function daysFrom(from: string, to: string): string[] {
  const count = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
  return Array.from({ length: Math.max(0, count) }, (_, day) =>
    new Date(Date.parse(from) + day * DAY_MS).toISOString().slice(0, 10),
  );
}

describe('Spans of days', () => {
  it.each([
    ['2026-11-23', '2026-11-23', ['day 2026-11-23']],
    ['2026-11-29', '2026-12-01', ['day 2026-11-29', 'day 2026-11-30', 'day 2026-12-01']],
    ['2026-11-01', '2026-11-30', ['month 2026-11']],
    ['2024-02-01', '2024-02-29', ['month 2024-02']],
    ['2024-02-01', '2024-02-28', daysFrom('2024-02-01', '2024-02-28').map((day) => `day ${day}`)],
    ['2025-01-01', '2026-01-31', ['year 2025', 'month 2026-01']],
    ['2026-11-24', '2026-11-23', []],
  ])('from %s to %s are as few as can be', (from, to, spans) => {
    expect(spansOf(from, to)).toEqual(spans);
  });

  it('hold each day of a range once, and none beside', () => {
    const day = fc.integer({ min: Date.parse('2020-01-01') / DAY_MS, max: Date.parse('2030-12-31') / DAY_MS });
    fc.assert(
      fc.property(day, fc.nat(1500), (start, length) => {
        const days = daysFrom(
          new Date(start * DAY_MS).toISOString().slice(0, 10),
          new Date((start + length) * DAY_MS).toISOString().slice(0, 10),
        );
        const spans = spansOf(days[0]!, days.at(-1)!);
        const prefixes = spans.map((span) => span.split(' ')[1]!);
        for (const each of days) expect(prefixes.filter((prefix) => each.startsWith(prefix))).toHaveLength(1);
        const covered = prefixes.flatMap((prefix) => days.filter((each) => each.startsWith(prefix)));
        expect(covered).toHaveLength(days.length);
        expect(spans.length).toBeLessThanOrEqual(30 + 30 + 11 + 11 + 4);
      }),
    );
  });
});

describe('The filters of a search', () => {
  it('are none without any', () => {
    expect(filingQuery({ days: {} }, NOW)).toBeNull();
  });

  it('are the item and the days, as entries that no text has', () => {
    expect(filingQuery({ researchItemId: 7, days: {} }, NOW)).toBe("' item 7'");
    expect(filingQuery({ researchItemId: 7, days: { from: '2026-11-22', to: '2026-11-23' } }, NOW)).toBe(
      "' item 7' & (' day 2026-11-22' | ' day 2026-11-23')",
    );
  });

  it('reach from before the first document to tomorrow where they are open', () => {
    expect(filingQuery({ days: { from: '2026-11-22' } }, NOW)).toBe(
      "(' day 2026-11-22' | ' day 2026-11-23' | ' day 2026-11-24')",
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
