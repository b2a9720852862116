import fc from 'fast-check';
import { type Range, readMarks } from './marked-text.js';
import { MATCH_BEGIN, MATCH_END } from './search.sql.js';

const STAND_INS: Record<string, string> = { '<': '(', '>': ')', '&': ' ', [MATCH_BEGIN]: ' ', [MATCH_END]: ' ' };

/** A text as PostgreSQL gives it back, with these places marked. */
function mark(text: string, ranges: readonly Range[]): string {
  let marked = '';
  let place = 0;
  for (const character of text) {
    if (ranges.some(([, end]) => end === place)) marked += MATCH_END;
    if (ranges.some(([start]) => start === place)) marked += MATCH_BEGIN;
    marked += STAND_INS[character] ?? character;
    place += character.length;
  }
  return ranges.some(([, end]) => end === place) ? marked + MATCH_END : marked;
}

/** Texts of all scripts, with markup, and with the very marks in them. */
const piece = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  fc.constantFrom('<b>', '</b>', '&amp;', MATCH_BEGIN, MATCH_END, `${MATCH_BEGIN}forged${MATCH_END}`, '👩‍👩‍👧', 'e\u0301'),
);

describe('The places of matches', () => {
  it('are read from the marks alone, whatever the text has in it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, fc.boolean()), { maxLength: 12 }), (pieces) => {
        const ranges: [number, number][] = [];
        let text = '';
        for (const [part, matches] of pieces) {
          if (matches) ranges.push([text.length, text.length + part.length]);
          text += part;
        }
        expect(readMarks(text, mark(text, ranges))).toEqual({ text, matches: ranges });
      }),
      { numRuns: 500 },
    );
  });

  it('are none in an empty text', () => {
    expect(readMarks('', '')).toEqual({ text: '', matches: [] });
  });

  it('are right behind what PostgreSQL leaves out, being too long', () => {
    const words = ['x'.repeat(3000), 'aé'.repeat(700), 'ж'.repeat(1100)].map((left) => [left, ' '] as const);
    const between = ['👩‍👩‍👧'.repeat(200), ' '.repeat(2500), '-'.repeat(2100)].map((left) => [left, ''] as const);
    for (const [left, edge] of [...words, ...between]) {
      for (const [before, after] of [
        ['', `${edge}tide`],
        [`tide${edge}`, `${edge}x tides`],
        [`tide <x>${edge}`, edge],
        [`x tide${edge}`, `${edge}tide <x> tide${edge}`],
      ] as const) {
        const text = `${before}${left}${after}${left}${after}`;
        const places = (part: string): Range[] =>
          [...part.matchAll(/tide/g)].map(({ index }): Range => [index, index + 4]);
        const copy = [before, after, after].map((part) => mark(part, places(part))).join('');
        expect(readMarks(text, copy)).toEqual({ text, matches: places(text) });
      }
    }
  });

  it('end where a copy is of something else', () => {
    expect(
      readMarks('tide and wave', `${MATCH_BEGIN}tide${MATCH_END} or ${MATCH_BEGIN}wave${MATCH_END}`).matches,
    ).toEqual([[0, 4]]);
  });
});
