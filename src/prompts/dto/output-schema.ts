const MAX_CHARACTERS = 50_000;
const MAX_DEPTH = 32;

/**
 * Why a value cannot be the JSON Schema of an answer, or null when it can. Claude has the last word on the keywords; here
 * only what is certainly no schema, or too large to keep, is refused.
 */
export function badOutputSchema(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be a JSON Schema object';
  if (!('type' in value) || typeof value.type !== 'string') return 'must be a JSON Schema with a "type"';
  if (JSON.stringify(value).length > MAX_CHARACTERS) return `must have at most ${MAX_CHARACTERS} characters as JSON`;
  return depth(value) > MAX_DEPTH ? `must not be nested deeper than ${MAX_DEPTH} levels` : null;
}

function depth(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depth));
}
