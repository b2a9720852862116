/**
 * Texts of users in Markdown, so that a reader sees them as they were written: nothing in them is a heading, a list, a link or
 * HTML. By the rules of CommonMark and of GitHub's tables and strikethrough.
 */

/** What means something wherever it stands; `_` only outside of words. */
const SPECIAL = /[\\`*[\]|$]|(?<!\/)~|_(?![\p{L}\p{N}])|(?<![\p{L}\p{N}])_|(?<=^|\s)#/gu;
/** What means something at the start of a line. */
const LINE_START = /^(?:[-+=:>]|\d+(?=[.)]))/;
const LINE_BREAK = /\r\n|\r|\n/;
const NO_BREAK_SPACE = '&nbsp;';
const TAB_WIDTH = 4;

/** What may begin an entity or HTML. GitHub takes a backslash before it for the end of an address that stands there. */
const ENTITY = /&(?=#?\w+;)/g;
const TAG = /<(?=[A-Za-z/!?])/g;

function escaped(text: string): string {
  return text.replace(SPECIAL, '\\$&').replace(ENTITY, '&amp;').replace(TAG, '&lt;');
}

/** A text as a part of a line, for headings and list entries; its line breaks become spaces. */
export function inline(text: string): string {
  return escaped(text.replace(/\s+/gu, ' ').trim());
}

/** A text as paragraphs with its own line breaks and indentation. Empty for a text of nothing but white space. */
export function paragraphs(text: string): string[] {
  const lines: string[] = [];
  for (const raw of text.split(LINE_BREAK)) {
    const line = paragraphLine(raw.trimEnd());
    const last = lines.at(-1);
    if (line === '') {
      if (last !== undefined && last !== '') lines.push('');
    } else {
      // A break within a paragraph.
      if (last !== undefined && last !== '') lines[lines.length - 1] = `${last}\\`;
      lines.push(line);
    }
  }
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function paragraphLine(line: string): string {
  const text = line.trimStart();
  const indentation = line.slice(0, line.length - text.length).replaceAll('\t', ' '.repeat(TAB_WIDTH));
  return NO_BREAK_SPACE.repeat(indentation.length) + escaped(text).replace(LINE_START, atLineStart);
}

function atLineStart(marker: string): string {
  // A list's number is escaped at its dot or bracket, which follows.
  return /\d/.test(marker) ? `${marker}\\` : `\\${marker}`;
}

/** A text as code within a line. */
export function codeSpan(text: string): string {
  const code = text.replace(/\s+/gu, ' ');
  const fence = '`'.repeat(longestRun(code, '`') + 1);
  const padding = /^[` ]|[` ]$/.test(code) ? ' ' : '';
  return code.trim() === '' ? '(empty)' : `${fence}${padding}${code}${padding}${fence}`;
}

/** A text as a block of code, which ends where the text does, whatever it holds. */
export function codeBlock(text: string, language: string): string[] {
  const fence = '`'.repeat(Math.max(3, longestRun(text, '`') + 1));
  return [`${fence}${language}`, ...text.split(LINE_BREAK), fence];
}

/** A link to a page; an address of another kind, which may do anything when it is followed, stays text. */
export function link(text: string, url: string): string {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    return text === url ? inline(text) : `${inline(text)} (${inline(url)})`;
  // Within angle brackets, where only these would end it or mean something else.
  const target = url
    .replace(/[\s<>\\`\p{C}]/gu, (character) => encodeURIComponent(character))
    .replace(/&(?=#?\w+;)/g, '\\&');
  return `[${inline(text)}](<${target}>)`;
}

/** Lines as a quotation. */
export function quotation(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '>' : `> ${line}`));
}

function longestRun(text: string, character: string): number {
  let [longest, run] = [0, 0];
  for (const one of text) {
    run = one === character ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  return longest;
}
