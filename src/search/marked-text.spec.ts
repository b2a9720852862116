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

  it('are those in front of a word that was left out, being too long', () => {
    const blob = 'x'.repeat(3000);
    const text = `tide ${blob} tide`;
    const marked = `${MATCH_BEGIN}tide${MATCH_END}  ${MATCH_BEGIN}tide${MATCH_END}`;
    expect(readMarks(text, marked).matches).toEqual([[0, 4]]);
  });
});
