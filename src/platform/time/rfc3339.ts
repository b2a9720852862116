import { registerDecorator } from 'class-validator';

const SHAPE = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** The moment that an RFC 3339 time names, to the millisecond, or null for anything else (such as 30 February). */
export function parseRfc3339(text: string): Date | null {
  const upper = text.toUpperCase();
  const [, year, month, day] = SHAPE.exec(upper) ?? [];
  if (year === undefined || !isCalendarDay(Number(year), Number(month), Number(day))) return null;
  const time = new Date(upper);
  // An offset may lead out of the years that RFC 3339 can write.
  return time.getUTCFullYear() >= 0 && time.getUTCFullYear() <= 9999 ? time : null;
}

/** JavaScript's own parser turns 30 February into 2 March. */
function isCalendarDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  return day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

/** The field holds an RFC 3339 time with its zone. */
export function IsRfc3339(): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: 'rfc3339',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => typeof value === 'string' && parseRfc3339(value) !== null,
        defaultMessage: () => 'must be an RFC 3339 time such as 2030-01-31T12:00:00Z',
      },
    });
  };
}
