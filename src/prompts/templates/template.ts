import { LRUCache } from 'lru-cache';
import { render } from './bounded-writer.js';
import { parseTemplate } from './template-parser.js';
import type { VariableValues } from './template.types.js';

/** Templates kept compiled. */
const CACHED_TEMPLATES = 128;
/** A template of nothing but tags takes some thirty bytes a character when compiled: 128 of the longest would fill memory. */
const CACHED_CHARACTERS = 1_000_000;

/** A template that is known to parse. */
export interface CompiledTemplate {
  /** Every variable that it names. */
  readonly names: ReadonlySet<string>;
  /** Whether it makes nothing but white space, whatever its variables hold. */
  readonly blank: boolean;
  /**
   * Fills the template; the values are texts, never templates. A variable without a value is empty.
   * @throws RenderedTooLargeError as soon as the text grows beyond its bound
   */
  render(values: VariableValues): string;
}

const cache = new LRUCache<string, CompiledTemplate>({
  max: CACHED_TEMPLATES,
  maxSize: CACHED_CHARACTERS,
  sizeCalculation: (_compiled, source) => source.length + 1,
});

/**
 * Compiles a mustache template: variables, sections, inverted sections and comments. No partials, no change of
 * delimiters, no escaping, no code. The templates that were used last are kept compiled.
 * @throws TemplateSyntaxError for everything else, so that a template that is saved can also be rendered
 */
export function compileTemplate(source: string): CompiledTemplate {
  const cached = cache.get(source);
  if (cached) return cached;
  const { names, tokens, blank } = parseTemplate(source);
  const compiled = { names, blank, render: (values: VariableValues) => render(tokens, source, values) };
  cache.set(source, compiled);
  return compiled;
}
