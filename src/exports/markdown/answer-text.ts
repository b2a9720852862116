import { CodeBlocks, isBlank } from './code-blocks.js';

const LINE_BREAK = /\r\n|\r|\n/;
const HEADING = /^( {0,3})(#{1,6})(?=[ \t]|$)/;
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;
const FENCE_MARKS = /^ *(?:`{3,}|~{3,})/;
/** Markers of lists and quotations before what a line says. */
const MARKERS = /^[\s>]*(?:(?:[-+*]|\d{1,9}[.)])[\s>]+)*/;
/** What a line is made of: escapes, backticks, addresses in angle brackets, and what may have to be escaped. */
const PIECE = /\\[^]?|`+|<https?:\/\/[^\s<>`]*>|!\[|\]:|[^\\`<![\]]+|[^]/y;
/** The end of a label that began before: within one there is no bracket. */
const ENDS_LABEL = /^(?:\\[^]|[^\\[])*?\]:/;
/** In an address that is a link by itself, GitHub takes a backslash for its end and backticks for a part of it. */
const ADDRESS = /:\/\/|www\.|@/i;
/** Levels that headings of answers go down, below those of the dossier. */
const LEVELS_DOWN = 4;
const MAX_LEVEL = 6;

/**
 * An answer of Claude, which is Markdown, made fit to be quoted: it is shown as it was meant, but nothing in it reaches out
 * of the quotation. No HTML (which could close what it did not open), no image (which is fetched from elsewhere when it is
 * seen: it becomes a link), no definition of a link (which would hold for the whole document), and headings below those of
 * the dossier. What is surely code is left as it is; in doubt it is treated as text, which costs a backslash at worst.
 */
export function answerLines(text: string): string[] {
  const blocks = new CodeBlocks();
  let doubtful = false;
  return withoutEmptyEnds(text.split(LINE_BREAK)).map((raw) => {
    // In a quotation a tab is narrower than it was.
    const line = raw.replace(/^[\t ]+/, (indentation) => indentation.replaceAll('\t', '    '));
    const kind = blocks.next(line);
    if (kind === 'code') return FENCE_MARKS.test(line) ? line : raw;
    // Code within a paragraph may go on over line breaks, but not over an empty line.
    if (isBlank(line)) {
      doubtful = false;
      return '';
    }
    const softened = soften(kind === 'text' ? ownBlock(line) : line, doubtful || kind === 'unsure');
    doubtful = softened.doubtful;
    return softened.line;
  });
}

function withoutEmptyEnds(lines: readonly string[]): string[] {
  const filled = (line: string): boolean => !isBlank(line);
  const first = lines.findIndex(filled);
  return first === -1 ? [] : lines.slice(first, lines.findLastIndex(filled) + 1);
}

/** The line without what would make it, or the line before it, a heading of the dossier. */
function ownBlock(line: string): string {
  const [, underline] = UNDERLINE.exec(line) ?? [];
  if (underline !== undefined) return underline.startsWith('---') ? '***' : `\\${underline}`;
  return line.replace(HEADING, (_, indentation: string, marks: string) => {
    return indentation + '#'.repeat(Math.min(MAX_LEVEL, marks.length + LEVELS_DOWN));
  });
}

/** @param doubtful whether backticks of an earlier line may have begun code that goes on in this one */
function soften(line: string, doubtful: boolean): { line: string; doubtful: boolean } {
  const start = MARKERS.exec(line)?.[0].length ?? 0;
  // The label of a definition begins the line, or has begun on one before.
  let labelled = line.charAt(start) === '[';
  let bracketed = false;
  let address = false;
  let made = '';
  for (let at = 0; at < line.length;) {
    PIECE.lastIndex = at;
    const piece = PIECE.exec(line)?.[0] ?? '';
    const ticks = piece.startsWith('`');
    let code: string = ticks && !doubtful && !address ? codeAt(line, at, piece.length) : '';
    // The label of a definition goes before code.
    if ((labelled || !bracketed) && ENDS_LABEL.test(code)) code = '';
    doubtful ||= ticks && code === '';
    if (piece === '[' || piece === '![') bracketed = true;
    const tag = piece === '\\<' || (piece === '<' && /[A-Za-z/!?]/.test(line.charAt(at + 1)));
    if (tag) made += address ? '&lt;' : '\\<';
    else if (piece === '![') made += '\\![';
    else if (piece === ']:' && (labelled || !bracketed)) made += ']\\:';
    else made += code || piece;
    if (piece === ']:') labelled = false;
    const words: string[] = (code || piece).split(/\s/);
    address = (address && words.length === 1) || ADDRESS.test(words.at(-1) ?? '');
    at += (code || piece).length;
  }
  return { line: made, doubtful };
}

/** Code between backticks that surely ends within its line, or an empty text. Bars may be borders of a table's cells. */
function codeAt(line: string, at: number, ticks: number): string {
  for (const run of line.slice(at + ticks).matchAll(/`+/g)) {
    if (run[0].length !== ticks) continue;
    const code = line.slice(at, at + ticks + run.index + ticks);
    return code.includes('|') ? '' : code;
  }
  return '';
}
