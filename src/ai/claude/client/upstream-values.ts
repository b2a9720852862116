/** More tokens than any call can have; a count beyond it would not fit into money either. */
const MAX_COUNT = 1_000_000_000;

/** What came is no answer of Claude's: it says things that cannot be. */
export class UnsoundAnswer extends Error {}

/** A count of tokens as upstream gave it. @throws UnsoundAnswer for what cannot be one */
export function soundCount(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_COUNT) return value as number;
  throw new UnsoundAnswer('A count of tokens is none');
}

/** A text as upstream gave it, such as can be stored and shown, cut to a length; null for what is no text, or empty. */
export function soundText(value: unknown, maxLength: number): string | null {
  if (typeof value !== 'string' || value === '') return null;
  return storable(value.length > maxLength ? `${value.slice(0, maxLength)}…` : value);
}

/** A text without what PostgreSQL cannot store: NUL, and half a character. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}
