import { ValidationFailedError } from '../../platform/errors/platform.errors.js';
import { type Day, DAY_MS, type DayRange, dayOf, FIRST_DAY, isDayShaped } from '../../platform/time/day.js';

/** Days in the range when it is not said. */
const DEFAULT_DAYS = 30;
/** The longest range: any year. */
export const MAX_DAYS = 366;

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

/** At the edge of the calendar the first day there is. */
function dayBefore(day: Day, days: number): Day {
  const before = dayOf(new Date(Date.parse(day) - days * DAY_MS));
  return isDayShaped(before) && before > FIRST_DAY ? before : FIRST_DAY;
}

function daysFrom(first: Day, last: Day): number {
  return (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
}
