import { ApiError } from '../api-error.js';

/** One `[[sim …]]` of a user's text: `name` or `name=value` attributes. A bare name has the value `true`. */
export interface FaultDirective {
  /** The whole directive as written: the identity under which its `times` are counted. */
  source: string;
  attributes: ReadonlyMap<string, string>;
}

const OPENING = '[[sim';
const ATTRIBUTE = String.raw`\s+\w+(?:=(?:"(?:[^"\\]|\\.)*"|[^\s"\]]+))?`;
const DIRECTIVE = new RegExp(String.raw`\[\[sim(?:${ATTRIBUTE})+\s*\]\]`, 'g');
const ATTRIBUTES = /\s+(\w+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s"\]]+)))?/g;

const KNOWN: ReadonlySet<string> = new Set(
  `
    key on skip times status error_type message retry_after retry_after_ms spend_cap
    hang hang_headers hang_after reset reset_after end_after error_after garbage html
    slow_ms delta_ms deltas text stop_reason no_usage thinking invalid_json expired
  `
    .trim()
    .split(/\s+/),
);

function unquoted(text: string): string {
  return text.replace(/\\(.)/gs, (_, character: string) => (character === 'n' ? '\n' : character));
}

/**
 * Finds the directives in a text. Throws a 400 for one that is malformed or has an unknown attribute: a test with a
 * typing mistake in it must not pass because nothing failed.
 */
export function parseDirectives(text: string): FaultDirective[] {
  if (!text.includes(OPENING)) return [];
  const sources = text.match(DIRECTIVE) ?? [];
  if (sources.length !== text.split(OPENING).length - 1) throw new ApiError(400, 'simulator: malformed [[sim …]]');
  return sources.map((source) => {
    const attributes = new Map<string, string>();
    for (const [, name = '', quoted, plain] of source.slice(OPENING.length, -2).matchAll(ATTRIBUTES)) {
      if (!KNOWN.has(name)) throw new ApiError(400, `simulator: unknown attribute '${name}' in ${source}`);
      attributes.set(name, quoted === undefined ? (plain ?? 'true') : unquoted(quoted));
    }
    return { source, attributes };
  });
}

/** The text without its directives, as an answer may quote it. */
export function withoutDirectives(text: string): string {
  return text.replace(DIRECTIVE, '').trim();
}
