import mustache from 'mustache';
import { TemplateSyntaxError } from './template.errors.js';
import type { Token } from './template.types.js';

const MAX_DEPTH = 20;
const MAX_QUOTED = 80;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const OPENING = /\{\{\s*(.?)/gs;
/** mustache looks for the end of a tag in a time that grows with the square of the white space inside it. */
const LONG_SPACE = /\s{201}/;

/** Whether a text can name a variable: letters, digits and underscores, and nothing that every object inherits. */
export function isVariableName(text: string): boolean {
  return NAME.test(text) && !(text in Object.prototype);
}

/** A template's tree, and every variable that it names. */
export interface ParsedTemplate {
  readonly tokens: readonly Token[];
  readonly names: ReadonlySet<string>;
  /** Whether it makes nothing but white space, whatever its variables hold. */
  readonly blank: boolean;
}

/**
 * Parses a mustache template of variables, sections, inverted sections and comments, in a time that grows with its length.
 * @throws TemplateSyntaxError for everything else
 */
export function parseTemplate(source: string): ParsedTemplate {
  checkTags(source);
  const tokens = parse(source);
  const names = new Set<string>();
  collectNames(tokens, source, 0, names);
  return { tokens, names, blank: isBlank(tokens) };
}

/** Refuses what mustache's parser would accept, or would take long over. */
function checkTags(source: string): void {
  for (let at = 0; ;) {
    OPENING.lastIndex = at;
    const opening = OPENING.exec(source);
    if (!opening) return;
    const where = () => position(source, opening.index);
    const sigil = opening[1] ?? '';
    if (sigil === '=') throw new TemplateSyntaxError(`Delimiters cannot be changed ${where()}`);
    if (sigil === '>') throw new TemplateSyntaxError(`Partials are not supported ${where()}`);
    const closing = sigil === '{' ? '}}}' : '}}';
    const inside = opening.index + opening[0].length - sigil.length;
    const end = source.indexOf(closing, inside);
    if (end < 0) throw new TemplateSyntaxError(`Unclosed tag ${where()}`);
    if (LONG_SPACE.test(source.slice(inside, end))) {
      throw new TemplateSyntaxError(`Too much white space inside a tag ${where()}`);
    }
    at = end + closing.length;
  }
}

/** mustache's own parser, past its cache, which would never forget. */
function parse(source: string): Token[] {
  try {
    return mustache.Writer.prototype.parse.call({ templateCache: undefined }, source) as unknown as Token[];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, what = message, name = '', offset] = /^(.*?)(?: "(.*)")? at (\d+)$/s.exec(message) ?? [];
    const where = offset === undefined ? '' : ` ${position(source, Number(offset))}`;
    throw new TemplateSyntaxError(`${what}${name === '' ? '' : ` ${quoted(name)}`}${where}`);
  }
}

function collectNames(tokens: readonly Token[], source: string, depth: number, names: Set<string>): void {
  for (const [type, value, start, , inside] of tokens) {
    if (type === 'text' || type === '!') continue;
    if (value === '.' && !inside && depth > 0) continue;
    if (!isVariableName(value)) throw new TemplateSyntaxError(`${badName(value)} ${position(source, start)}`);
    names.add(value);
    if (!inside) continue;
    if (depth === MAX_DEPTH) {
      const where = position(source, start);
      throw new TemplateSyntaxError(`Sections must not be nested deeper than ${MAX_DEPTH} levels ${where}`);
    }
    collectNames(inside, source, depth + 1, names);
  }
}

function isBlank(tokens: readonly Token[]): boolean {
  return tokens.every(([type, value, , , inside]) => {
    if (inside) return isBlank(inside);
    return type === '!' || (type === 'text' && value.trim() === '');
  });
}

function badName(value: string): string {
  if (value === '.') return '{{.}} stands for an item of a list, inside its section';
  if (NAME.test(value)) return `${quoted(value)} cannot name a variable: the name is reserved`;
  return `${quoted(value)} cannot name a variable (up to 64 letters, digits and underscores, no digit first)`;
}

function quoted(text: string): string {
  // JSON escapes half of a surrogate pair, where the cut leaves one: an answer must be well-formed.
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/** Takes time with the length of the source: only for a message. */
function position(source: string, offset: number): string {
  const before = source.slice(0, offset).split('\n');
  return `at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
