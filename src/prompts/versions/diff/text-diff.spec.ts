import fc from 'fast-check';
import { diffTexts, type Hunk } from './text-diff.js';

const linesOf = (text: string | null): string[] => (text === null ? [] : text.split('\n'));

/** The lines that come of applying hunks to a text, which they have to fit exactly. */
function applied(from: string | null, hunks: readonly Hunk[]): string[] {
  const old = linesOf(from);
  const made: string[] = [];
  let at = 0;
  for (const hunk of hunks) {
    made.push(...old.slice(at, hunk.old_start - 1));
    at = hunk.old_start - 1;
    expect(made).toHaveLength(hunk.new_start - 1);
    const [before, after] = (['delete', 'insert'] as const).map((op) =>
      hunk.lines.filter((line) => line.op === op || line.op === 'equal').map(({ text }) => text),
    );
    expect(before).toEqual(old.slice(at, at + hunk.old_lines));
    expect(after).toHaveLength(hunk.new_lines);
    made.push(...(after as string[]));
    at += hunk.old_lines;
  }
  return [...made, ...old.slice(at)];
}

const brief = (hunks: readonly Hunk[]): string[] =>
  hunks.flatMap(({ lines }) => lines.map(({ op, text }) => `${op} ${text}`));
const marked = (hunks: readonly Hunk[]): string[] =>
  hunks.flatMap(({ lines }) =>
    lines.flatMap(({ parts }) =>
      parts ? [parts.map(({ text, changed }) => (changed ? `<${text}>` : text)).join('')] : [],
    ),
  );

describe('diffTexts', () => {
  const line = fc.oneof(
    fc.constantFrom('', 'a', 'b', '- a', '\\ No newline at end of file', 'c\r', '\u2028'),
    fc.string(),
  );
  const text = fc.option(
    fc.array(line, { maxLength: 30 }).map((lines) => lines.join('\n')),
    { nil: null },
  );

  it('makes the one text of the other, whatever they are, and says nothing of equal ones', () => {
    fc.assert(
      fc.property(text, text, (from, to) => {
        const hunks = diffTexts(from, to);
        expect(applied(from, hunks)).toEqual(linesOf(to));
        expect(hunks.length === 0).toBe(from === to);
      }),
    );
  });

  it('cuts changed lines into parts that make up the line', () => {
    fc.assert(
      fc.property(text, text, (from, to) => {
        for (const { parts, text: whole } of diffTexts(from, to).flatMap(({ lines }) => lines)) {
          if (parts) expect(parts.map((part) => part.text).join('')).toBe(whole);
        }
      }),
    );
  });

  it('keeps apart what lies apart, with three equal lines around it', () => {
    const from = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
    const to = from.with(4, 'changed').with(15, 'also');
    const hunks = diffTexts(from.join('\n'), to.join('\n'));
    expect(hunks.map(({ lines: _, ...place }) => place)).toEqual([
      { old_start: 2, old_lines: 7, new_start: 2, new_lines: 7 },
      { old_start: 13, old_lines: 7, new_start: 13, new_lines: 7 },
    ]);
    expect(brief(hunks).slice(2, 6)).toEqual(['equal line 4', 'delete line 5', 'insert changed', 'equal line 6']);
  });

  it('marks the words of a line that have changed', () => {
    expect(marked(diffTexts('Write three facts about {{topic}}.', 'Write five facts about {{subject}}.'))).toEqual([
      'Write <three> facts about {{<topic>}}.',
      'Write <five> facts about {{<subject>}}.',
    ]);
    expect(marked(diffTexts('one', 'zwei drei'))).toEqual([]);
  });

  it('tells an absent text from an empty one, and the last line break from none', () => {
    expect(brief(diffTexts(null, ''))).toEqual(['insert ']);
    expect(brief(diffTexts('', null))).toEqual(['delete ']);
    expect(brief(diffTexts('a', 'a\n'))).toEqual(['equal a', 'insert ']);
  });

  it('replaces the middle of texts that differ too much to be compared', () => {
    const lines = (word: string): string[] => Array.from({ length: 2000 }, (_, index) => `${word} ${index}`);
    const around = (middle: readonly string[]): string =>
      ['1', '2', '3', '4', ...middle, '5', '6', '7', '8'].join('\n');
    const [from, to] = [around(lines('a')), around(lines('b'))];
    const hunks = diffTexts(from, to);
    expect(hunks.map(({ lines: _, ...place }) => place)).toEqual([
      { old_start: 2, old_lines: 2006, new_start: 2, new_lines: 2006 },
    ]);
    expect(applied(from, hunks)).toEqual(linesOf(to));
  });
});
