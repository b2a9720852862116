import type { Day, DayRange } from '../platform/time/day.js';

/** Documents are filed by the time of their making, so that none is older than Dossier. */
const FIRST: Day = '2020-01-01';
/** Open ends reach this far: clocks may differ. */
const AHEAD_MS = 86_400_000;

/** An entry by which documents are filed, as tsquery: see the migration. The space in front keeps it apart from words. */
function entry(text: string): string {
  return `' ${text}'`;
}

/**
 * The filters of a search as tsquery, for the same index that finds the words; null without any.
 * @param now ends the days where they are open
 */
export function filingQuery(
  { researchItemId, days }: { readonly researchItemId?: number | undefined; readonly days: Partial<DayRange> },
  now: Date,
): string | null {
  const filters: string[] = [];
  if (researchItemId !== undefined) filters.push(entry(`item ${researchItemId}`));
  if (days.from !== undefined || days.to !== undefined) {
    const end = new Date(now.getTime() + AHEAD_MS).toISOString().slice(0, 10);
    const spans = spansOf(later(days.from ?? FIRST, FIRST), earlier(days.to ?? end, end));
    // No document is filed under the empty year: what ends before it begins has nothing in it.
    filters.push(spans.length > 0 ? `(${spans.map(entry).join(' | ')})` : entry('year none'));
  }
  return filters.length > 0 ? filters.join(' & ') : null;
}

/** Days, months and years that together are the days from `from` to `to`, as few as can be. */
export function spansOf(from: Day, to: Day): string[] {
  const spans: string[] = [];
  for (let day = from; day <= to;) {
    const span = [`year ${day.slice(0, 4)}`, `month ${day.slice(0, 7)}`].find(
      (larger) => firstDayOf(larger) === day && lastDayOf(larger) <= to,
    );
    spans.push(span ?? `day ${day}`);
    day = dayAfter(span ? lastDayOf(span) : day);
  }
  return spans;
}

function firstDayOf(span: string): Day {
  return `${span.split(' ')[1]}-01-01`.slice(0, 10);
}

function lastDayOf(span: string): Day {
  const [year, month] = (span.split(' ')[1] ?? '').split('-').map(Number);
  return new Date(Date.UTC(year ?? 0, month ?? 12, 0)).toISOString().slice(0, 10);
}

function dayAfter(day: Day): Day {
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
}

const later = (one: Day, other: Day): Day => (one > other ? one : other);
const earlier = (one: Day, other: Day): Day => (one < other ? one : other);
