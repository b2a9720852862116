import { registerDecorator } from 'class-validator';
import { parseRfc3339 } from './rfc3339.js';

/** A day of the calendar in UTC, `YYYY-MM-DD`. */
export type Day = string;

/** Days, both included. */
export interface DayRange {
  readonly from: Day;
  readonly to: Day;
}

export const DAY_MS = 86_400_000;
/** What a `date` of PostgreSQL and four digits can both be: there is no year 0. */
export const FIRST_DAY: Day = '0001-01-01';

const DAY_SHAPE = /^\d{4}-\d\d-\d\d$/;
const LAST_DAY_START_MS = Date.UTC(9999, 11, 31);

/** Whether a text is written as a day. */
export function isDayShaped(text: string): boolean {
  return DAY_SHAPE.test(text);
}

/** The UTC day of a moment. */
export function dayOf(time: Date): Day {
  return time.toISOString().slice(0, 10);
}

/** The UTC day that a day (`2026-11-23`) or an RFC 3339 time names; null for what is neither, such as 30 February. */
export function parseDay(text: string): Day | null {
  const time = parseRfc3339(isDayShaped(text) ? `${text}T00:00:00Z` : text);
  if (!time || time.getTime() >= LAST_DAY_START_MS + DAY_MS) return null;
  const day = dayOf(time);
  return isDayShaped(day) && day >= FIRST_DAY ? day : null;
}

/** The parameter is a day, or a time that stands for its day. */
export function IsDay(): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: 'day',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => typeof value === 'string' && parseDay(value) !== null,
        defaultMessage: () => 'must be a day such as 2026-11-23, or an RFC 3339 time',
      },
    });
  };
}
