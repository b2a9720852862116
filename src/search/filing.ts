import { type Day, DAY_MS, type DayRange, dayOf } from '../platform/time/day.js';

/** No document is older than Dossier. An open end is tomorrow, as clocks differ. */
const FIRST: Day = '2020-01-01';

/** An entry by which documents are filed, as tsquery: see the migration. The space in front keeps it apart from words. */
function entry(text: string): string {
  return `' ${text}'`;
}

/**
 * The filters of a search as tsquery, for the same index that finds the words; null without any. Of days it has the months
 * alone, which narrow the search as well as days do, with fewer entries.
 * @param now ends the days where they are open
 */
export function filingQuery(
  { researchItemId, days }: { readonly researchItemId?: number | undefined; readonly days: Partial<DayRange> },
  now: Date,
): string | null {
  const filters: string[] = [];
  if (researchItemId !== undefined) filters.push(entry(`item ${researchItemId}`));
  if (days.from !== undefined || days.to !== undefined) {
    const end = dayOf(new Date(now.getTime() + DAY_MS));
    const spans = spansOf(later(days.from ?? FIRST, FIRST), earlier(days.to ?? end, end));
    // No document is filed under it: what ends before it begins has nothing in it.
    filters.push(spans.length > 0 ? `(${spans.map(entry).join(' | ')})` : entry('year none'));
  }
  return filters.length > 0 ? filters.join(' & ') : null;
}

/** The months and whole years in which the days from `from` to `to` are. */
export function spansOf(from: Day, to: Day): string[] {
  const spans: string[] = [];
  const last = monthNumber(to);
  for (let month = monthNumber(from); month <= last;) {
    const year = String(Math.floor(month / 12)).padStart(4, '0');
    const whole = month % 12 === 0 && month + 11 <= last;
    spans.push(whole ? `year ${year}` : `month ${year}-${String((month % 12) + 1).padStart(2, '0')}`);
    month += whole ? 12 : 1;
  }
  return from > to ? [] : spans;
}

/** Months since the beginning of the calendar. */
function monthNumber(day: Day): number {
  return Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1;
}

const later = (one: Day, other: Day): Day => (one > other ? one : other);
const earlier = (one: Day, other: Day): Day => (one < other ? one : other);
