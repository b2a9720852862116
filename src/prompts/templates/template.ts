import { LRUCache } from 'lru-cache';
import mustache from 'mustache';
import { render } from './bounded-writer.js';
import { TemplateSyntaxError } from './template.errors.js';
import type { Token, VariableValues } from './template.types.js';

/** Templates kept compiled. */
const CACHED_TEMPLATES = 128;
const MAX_DEPTH = 20;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** A template that is known to parse. */
export interface CompiledTemplate {
  /** Every variable that it names. */
  readonly names: ReadonlySet<string>;
  /** @throws RenderedTooLargeError as soon as the text grows beyond its bound. */
  render(values: VariableValues): string;
}

/** Whether a text can name a variable: letters, digits and underscores, and nothing that every object inherits. */
export function isVariableName(text: string): boolean {
  return NAME.test(text) && !(text in Object.prototype);
}

/**
 * Compiles a mustache template: variables, sections and inverted sections. No partials, no change of delimiters, no
 * escaping, no code.
 * @throws TemplateSyntaxError for everything else, so that a template that is saved can also be rendered
 */
export function compileTemplate(source: string): CompiledTemplate {
  const cached = cache.get(source);
  if (cached) return cached;
  const compiled = compile(source);
  cache.set(source, compiled);
  return compiled;
}

const cache = new LRUCache<string, CompiledTemplate>({ max: CACHED_TEMPLATES });

function compile(source: string): CompiledTemplate {
  const tokens = parse(source);
  const names = new Set<string>();
  collectNames(tokens, source, 0, names);
  return { names, render: (values) => render(tokens, source, values) };
}

/** mustache's own parser, past its cache, which would never forget. */
function parse(source: string): Token[] {
  try {
    return mustache.Writer.prototype.parse.call({ templateCache: undefined }, source) as unknown as Token[];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = /^(.*) at (\d+)$/s.exec(message);
    throw new TemplateSyntaxError(at ? `${at[1] ?? message} ${position(source, Number(at[2]))}` : message);
  }
}

function collectNames(tokens: readonly Token[], source: string, depth: number, names: Set<string>): void {
  if (depth > MAX_DEPTH) throw new TemplateSyntaxError(`Sections must not be nested deeper than ${MAX_DEPTH} levels`);
  for (const [type, value, start, , inside] of tokens) {
    if (type === 'text' || type === '!') continue;
    const where = position(source, start);
    if (type === '>') throw new TemplateSyntaxError(`Partials such as {{> ${value}}} are not supported ${where}`);
    if (type === '=') throw new TemplateSyntaxError(`Delimiters cannot be changed ${where}`);
    if (value === '.' && type !== '#' && type !== '^' && depth > 0) continue;
    if (!isVariableName(value)) throw new TemplateSyntaxError(badName(value, where));
    names.add(value);
    if (inside) collectNames(inside, source, depth + 1, names);
  }
}

function badName(value: string, where: string): string {
  if (value === '.') return `{{.}} stands for an item of a list, inside its section ${where}`;
  return `${JSON.stringify(value.slice(0, 80))} cannot name a variable (letters, digits and underscores) ${where}`;
}

function position(source: string, offset: number): string {
  const before = source.slice(0, offset).split('\n');
  return `at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
