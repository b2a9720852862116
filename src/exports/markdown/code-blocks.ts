/**
 * What a line is: `code` within a fenced block for sure, `text`, which may begin one, or `unsure`, which is one of both.
 * Only a whole parser would know of every line.
 */
export type LineKind = 'code' | 'text' | 'unsure';

/** A block of code that is open. */
interface Fence {
  readonly marks: string;
  /** Where its marks stand; lines further left may have ended it, if it is part of a list. */
  readonly column: number;
  readonly sure: boolean;
}

const FENCE = /^( *)((?:(?:[-+*]|\d{1,9}[.)]) +)*)(`{3,}|~{3,})([^]*)$/;
const ANY_MARKERS = /^[\s>\d.)*+-]*/;

/** Whether a line ends a paragraph: other white space than these two is text. */
export function isBlank(line: string): boolean {
  return /^[ \t]*$/.test(line);
}

function withoutEnd(text: string): string {
  const trimmed = text.trimEnd();
  return isBlank(text.slice(trimmed.length)) ? trimmed : text;
}

/** Goes through a text in Markdown line by line, and tells its fenced blocks of code from the rest. Tabs must not begin a line. */
export class CodeBlocks {
  private fence: Fence | null = null;
  /** Whether it can no longer be told where blocks begin and where they end. */
  private lost = false;

  next(line: string): LineKind {
    if (this.lost) return 'unsure';
    return this.fence ? this.within(line, this.fence) : this.outside(line);
  }

  private outside(line: string): LineKind {
    const [head = ''] = ANY_MARKERS.exec(line) ?? [];
    if (head.includes('>') && /^(?:```|~~~)/.test(line.slice(head.length, head.length + 3))) return this.giveUp();
    const [, indentation = '', markers = '', marks, info = ''] = FENCE.exec(line) ?? [];
    if (marks === undefined) return 'text';
    // With a bar it may be the head of a table; line breaks that are none to CommonMark are some to some.
    if (/[|\u2028\u2029]/.test(info)) return this.giveUp();
    if (marks.startsWith('`') && info.includes('`')) return 'text';
    const column = indentation.length + markers.length;
    // Further right it may be code by its indentation, or go on a paragraph; a list's number may be no list's.
    const sure = column <= 3 && markers === '';
    this.fence = { marks, column, sure };
    return sure ? 'code' : 'unsure';
  }

  private within(line: string, { marks, column, sure }: Fence): LineKind {
    if (isBlank(line)) return sure ? 'code' : 'unsure';
    const indentation = line.search(/[^ ]/);
    const text = withoutEnd(line.slice(indentation));
    // At the far left it stands in no list, and nothing but its own end ends it.
    const alone = column < 2;
    if (!alone && indentation < column) return this.giveUp();
    const closing = text.length >= marks.length && text === marks.charAt(0).repeat(text.length);
    if (closing && (alone ? indentation <= 3 : indentation === column)) this.fence = null;
    else if (closing && !alone) return this.giveUp();
    return sure ? 'code' : 'unsure';
  }

  private giveUp(): LineKind {
    this.lost = true;
    return 'unsure';
  }
}
