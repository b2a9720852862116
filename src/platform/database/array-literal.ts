/**
 * A list as PostgreSQL reads it, to be sent as a parameter. The driver makes the same of an array, but only at the moment at
 * which it sends it, while the database waits: long lists are better made up beforehand.
 */
export function arrayLiteral(values: readonly (string | number | boolean | null)[]): string {
  return `{${values.map(elementOf).join(',')}}`;
}

function elementOf(value: string | number | boolean | null): string {
  if (value === null) return 'NULL';
  return typeof value === 'string' ? `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : String(value);
}
