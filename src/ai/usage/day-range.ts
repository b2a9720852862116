import { parseRfc3339 } from '../../identity/api-keys/rfc3339.js';
import { ValidationFailedError } from '../../platform/errors/platform.errors.js';
import type { Day, DayRange } from './usage.types.js';

/** Days in the range when it is not said. */
const DEFAULT_DAYS = 30;
/** The longest range: any year. */
export const MAX_DAYS = 366;

const DAY_MS = 86_400_000;
const DAY_SHAPE = /^\d{4}-\d\d-\d\d$/;
/** What a `date` of PostgreSQL and four digits can both be: there is no year 0. */
const FIRST_DAY: Day = '0001-01-01';
const LAST_DAY_START_MS = Date.UTC(9999, 11, 31);

/** The UTC day that a day (`2026-11-23`) or an RFC 3339 time names; null for what is neither, such as 30 February. */
export function parseDay(text: string): Day | null {
  const time = parseRfc3339(DAY_SHAPE.test(text) ? `${text}T00:00:00Z` : text);
  if (!time || time.getTime() >= LAST_DAY_START_MS + DAY_MS) return null;
  const day = dayOf(time);
  return DAY_SHAPE.test(day) && day >= FIRST_DAY ? day : null;
}

/**
 * The days that are meant: without `to` up to today, without `from` the last 30.
 * @throws ValidationFailedError for `from` when it is after `to`, or the range is longer than 366 days
 */
export function dayRange(from: Day | null, to: Day | null, now: Date): DayRange {
  const last = to ?? dayOf(now);
  const first = from ?? dayBefore(last, DEFAULT_DAYS - 1);
  if (first > last) throw refused(`must not be after to (${last})`);
  if (daysFrom(first, last) > MAX_DAYS) throw refused(`must be at most ${MAX_DAYS} days from to (${last})`);
  return { from: first, to: last };
}

function refused(detail: string): ValidationFailedError {
  return new ValidationFailedError([{ parameter: 'from', detail }]);
}

function dayOf(time: Date): Day {
  return time.toISOString().slice(0, 10);
}

/** At the edge of the calendar the first day there is. */
function dayBefore(day: Day, days: number): Day {
  const before = dayOf(new Date(Date.parse(day) - days * DAY_MS));
  return DAY_SHAPE.test(before) && before > FIRST_DAY ? before : FIRST_DAY;
}

function daysFrom(first: Day, last: Day): number {
  return (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
}
