/** Control characters and halves of characters: beside `"` and `\` JSON escapes nothing else. */
const JSON_ESCAPES_MORE = /[\p{Cc}\p{Cs}]/u;

/**
 * A list as PostgreSQL reads it, to be sent as a parameter. The driver makes the same of an array, but only at the moment at
 * which it sends it, while the database waits: long lists are better made up beforehand.
 */
export function arrayLiteral(values: readonly (string | number | boolean | null)[]): string {
  return `{${values.map(elementOf).join(',')}}`;
}

function elementOf(value: string | number | boolean | null): string {
  if (value === null) return 'NULL';
  if (typeof value !== 'string') return String(value);
  // Where both escape the same, JSON does it three times as fast.
  if (!JSON_ESCAPES_MORE.test(value)) return JSON.stringify(value);
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
