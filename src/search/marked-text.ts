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

/**
 * Reads the places of the matches from the marked copy of a text. PostgreSQL leaves words of more than 2 KB out of the copy:
 * from such a word on, nothing counts as matched.
 */
export function readMarks(text: string, marked: string): MatchedText {
  const matches: Range[] = [];
  let place = 0;
  let begin = 0;
  for (const character of marked) {
    if (character === MATCH_BEGIN) begin = place;
    else if (character === MATCH_END) matches.push([begin, place]);
    else if (isCopyOf(text, place, character)) place += character.length;
    else break;
  }
  return { text, matches };
}

function isCopyOf(text: string, place: number, character: string): boolean {
  return text.startsWith(character, place) || STAND_INS[text[place] ?? ''] === character;
}
