import { diffArrays, diffWordsWithSpace } from 'diff';

/** A piece of a changed line, and whether it differs from the line beside it. */
export interface LinePart {
  readonly text: string;
  readonly changed: boolean;
}

/** One line of a hunk, without its line break. */
export interface HunkLine {
  readonly op: 'equal' | 'delete' | 'insert';
  readonly text: string;
  /** The line in pieces, where it was compared word by word with the line that it replaces or is replaced by. */
  readonly parts?: readonly LinePart[];
}

/** A stretch of lines that differ, with a few equal ones around it; lines are counted from 1. */
export interface Hunk {
  readonly old_start: number;
  readonly old_lines: number;
  readonly new_start: number;
  readonly new_lines: number;
  readonly lines: readonly HunkLine[];
}

/** Equal lines around what differs. */
const CONTEXT = 3;
/**
 * Lines deleted and inserted that are looked for. The time grows with the square of this number: 500 take 10 ms in the
 * worst of texts, 2,000 half a second.
 */
const MAX_EDITS = 500;
/** The same for the words of a line. */
const MAX_WORD_EDITS = 200;
/** Characters of changed lines that are compared word by word in one text. */
const MAX_WORD_CHARACTERS = 10_000;

/** Lines on which the texts agree, or that one of them alone has. */
interface Stretch {
  readonly op: HunkLine['op'];
  readonly lines: readonly string[];
}

/**
 * What differs between two texts, line by line; nothing where they are the same. A text that is not there (null) has no
 * line, an empty one has an empty line. Of texts that differ too much to be compared, one hunk replaces everything between
 * their common beginning and their common end.
 */
export function diffTexts(from: string | null, to: string | null): Hunk[] {
  return from === to ? [] : withWords(hunksOf(stretchesOf(linesOf(from), linesOf(to))));
}

function linesOf(text: string | null): string[] {
  return text === null ? [] : text.split('\n');
}

function stretchesOf(from: readonly string[], to: readonly string[]): Stretch[] {
  const shorter = Math.min(from.length, to.length);
  let before = 0;
  while (before < shorter && from[before] === to[before]) before += 1;
  let after = 0;
  while (after < shorter - before && from.at(-1 - after) === to.at(-1 - after)) after += 1;
  const all: Stretch[] = [
    { op: 'equal', lines: from.slice(0, before) },
    ...compareLines(from.slice(before, from.length - after), to.slice(before, to.length - after)),
    { op: 'equal', lines: from.slice(from.length - after) },
  ];
  return all.filter(({ lines }) => lines.length > 0);
}

function compareLines(from: string[], to: string[]): Stretch[] {
  const changes = diffArrays(from, to, { maxEditLength: MAX_EDITS });
  if (!changes) {
    return [
      { op: 'delete', lines: from },
      { op: 'insert', lines: to },
    ];
  }
  return changes.map(({ removed, added, value }) => ({
    op: removed ? 'delete' : added ? 'insert' : 'equal',
    lines: value,
  }));
}

function hunksOf(stretches: readonly Stretch[]): Hunk[] {
  const drafts: HunkDraft[] = [];
  let open: HunkDraft | null = null;
  let [oldLine, newLine] = [1, 1];
  for (const [index, { op, lines }] of stretches.entries()) {
    if (op !== 'equal') {
      if (!open) drafts.push((open = new HunkDraft(oldLine, newLine)));
      open.add(op, lines);
    } else if (open && index < stretches.length - 1 && lines.length <= 2 * CONTEXT) {
      open.add(op, lines);
    } else {
      open?.add(op, lines.slice(0, CONTEXT));
      open = null;
      const context = lines.slice(-CONTEXT);
      const skipped = lines.length - context.length;
      if (index < stretches.length - 1) drafts.push((open = new HunkDraft(oldLine + skipped, newLine + skipped)));
      open?.add(op, context);
    }
    if (op !== 'insert') oldLine += lines.length;
    if (op !== 'delete') newLine += lines.length;
  }
  return drafts.map((draft) => draft.hunk());
}

/** A hunk that grows. */
class HunkDraft {
  private readonly lines: HunkLine[] = [];
  private readonly counts = { equal: 0, delete: 0, insert: 0 };

  constructor(
    private readonly oldStart: number,
    private readonly newStart: number,
  ) {}

  add(op: HunkLine['op'], texts: readonly string[]): void {
    for (const text of texts) this.lines.push({ op, text });
    this.counts[op] += texts.length;
  }

  hunk(): Hunk {
    const { equal, delete: deleted, insert: inserted } = this.counts;
    return {
      old_start: this.oldStart,
      old_lines: equal + deleted,
      new_start: this.newStart,
      new_lines: equal + inserted,
      lines: this.lines,
    };
  }
}

/** Compares deleted lines with the inserted ones right behind them, the first with the first and so on. */
function withWords(hunks: readonly Hunk[]): Hunk[] {
  let characters = MAX_WORD_CHARACTERS;
  return hunks.map((hunk) => {
    const lines = [...hunk.lines];
    for (const [deleted, inserted] of pairsIn(lines)) {
      const [from, to] = [lines[deleted] as HunkLine, lines[inserted] as HunkLine];
      characters -= from.text.length + to.text.length;
      if (characters < 0) break;
      const parts = compareWords(from.text, to.text);
      if (!parts) continue;
      lines[deleted] = { ...from, parts: parts.from };
      lines[inserted] = { ...to, parts: parts.to };
    }
    return { ...hunk, lines };
  });
}

function* pairsIn(lines: readonly HunkLine[]): Generator<[deleted: number, inserted: number]> {
  for (let at = 0; at < lines.length;) {
    const endOf = (op: HunkLine['op'], start: number): number => {
      let end = start;
      while (lines[end]?.op === op) end += 1;
      return end;
    };
    const deletedEnd = endOf('delete', at);
    const insertedEnd = endOf('insert', deletedEnd);
    const pairs = Math.min(deletedEnd - at, insertedEnd - deletedEnd);
    for (let pair = 0; pair < pairs; pair += 1) yield [at + pair, deletedEnd + pair];
    at = Math.max(insertedEnd, at + 1);
  }
}

function compareWords(from: string, to: string): { from: LinePart[]; to: LinePart[] } | undefined {
  const changes = diffWordsWithSpace(from, to, { maxEditLength: MAX_WORD_EDITS });
  // Lines with no word in common are better seen as a whole.
  if (!changes?.some(({ added, removed, value }) => !added && !removed && value.trim() !== '')) return undefined;
  const side = (other: 'added' | 'removed'): LinePart[] =>
    changes.flatMap((one) => (one[other] ? [] : [{ text: one.value, changed: one.added || one.removed }]));
  return { from: side('added'), to: side('removed') };
}
