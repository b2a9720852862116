/** How a date of HTTP begins, in all three of its forms. `Date.parse` alone would take "-5" or "soon 5" for a day in the past. */
const DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;
const NUMBER = /^\d{1,15}(\.\d+)?$/;

/**
 * What Claude asks to wait, in whole milliseconds: `retry-after-ms`, or `retry-after` in seconds or as a date; null without,
 * and for what is none of these.
 */
export function retryAfterMs(headers: Headers | undefined, now = Date.now()): number | null {
  const ms = headers?.get('retry-after-ms')?.trim() ?? '';
  if (NUMBER.test(ms)) return Math.ceil(Number(ms));
  const text = headers?.get('retry-after')?.trim() ?? '';
  if (NUMBER.test(text)) return Math.ceil(Number(text) * 1000);
  const date = DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
