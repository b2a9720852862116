import { MATCH_BEGIN, MATCH_END } from './search.sql.js';

/** A place in a text: UTF-16 code units from, and up to but without. */
export type Range = readonly [start: number, end: number];

/** A text with the places of what was found in it. */
export interface MatchedText {
  readonly text: string;
  readonly matches: readonly Range[];
}

/** What PostgreSQL was given in the place of these characters of a text, so that it sees neither tags nor our marks in it. */
const STAND_INS: Readonly<Record<string, string>> = {
  '<': '(',
  '>': ')',
  '&': ' ',
  [MATCH_BEGIN]: ' ',
  [MATCH_END]: ' ',
};

/** PostgreSQL leaves words, and what is between words, of 2 KB and more out of the copy: that is at least so many code units. */
const LEAST_GAP = 600;
/** So much has to agree behind a gap: the first character alone is of a kind that the gap has none of. */
const PROOF = 4;
const MARKS = new RegExp(`[${MATCH_BEGIN}${MATCH_END}]`, 'g');

/** Reads the places of the matches from the marked copy of a text. */
export function readMarks(text: string, marked: string): MatchedText {
  const matches: Range[] = [];
  let place = 0;
  let begin = 0;
  for (let next = 0; next < marked.length; next += 1) {
    const unit = marked[next] as string;
    if (unit === MATCH_BEGIN) begin = place;
    else if (unit === MATCH_END) matches.push([begin, place]);
    else {
      if (!isCopyOf(text, place, unit)) {
        const resumed = endOfGap(text, place, marked.slice(next, next + 2 * PROOF));
        if (resumed === -1) break;
        if (begin === place) begin = resumed;
        place = resumed;
      }
      place += 1;
    }
  }
  return { text, matches };
}

/** Where a text goes on as the copy does; -1: nowhere. */
function endOfGap(text: string, from: number, copy: string): number {
  const proof = copy.replaceAll(MARKS, '').slice(0, PROOF).split('');
  for (let place = from + LEAST_GAP; place < text.length; place += 1) {
    if (proof.every((unit, index) => isCopyOf(text, place + index, unit))) return place;
  }
  return -1;
}

function isCopyOf(text: string, place: number, unit: string): boolean {
  return text[place] === unit || STAND_INS[text[place] ?? ''] === unit;
}
