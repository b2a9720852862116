import type { MatchedText, Range } from './marked-text.js';

/** An excerpt of a text, with what was found in it. */
export type Fragment = MatchedText;

/** How many excerpts a hit shows at most. */
export const MAX_FRAGMENTS = 3;
/** How long one is about, in UTF-16 code units. */
export const FRAGMENT_LENGTH = 200;
/** What is shown in front of the first match. */
const LEAD = 60;
/** How far the edge of an excerpt is moved to the edge of a word. */
const SLACK = 30;
const MAX_TITLE = 100;

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Matches of a text that fit into one excerpt. */
interface Cluster {
  readonly of: number;
  readonly matches: readonly Range[];
  /** Different words in it. */
  readonly words: number;
}

/**
 * The best excerpts of some texts, in the order of the texts: those with the most different words that were found. Where
 * none was found, the beginning of the first text. They are cut between characters as readers see them, never within one.
 */
export function fragmentsOf(texts: readonly MatchedText[]): Fragment[] {
  const whole = texts.map(onWholeCharacters);
  const clusters = whole.flatMap((text, of) => clustersOf(text, of));
  if (clusters.length === 0) {
    const first = texts.find(({ text }) => text.trim() !== '');
    return first ? [excerpt({ text: first.text, matches: [] }, [])] : [];
  }
  const best = clusters
    .map((cluster, order) => ({ cluster, order }))
    .sort(
      (a, b) =>
        b.cluster.words - a.cluster.words || b.cluster.matches.length - a.cluster.matches.length || a.order - b.order,
    )
    .slice(0, MAX_FRAGMENTS)
    .sort((a, b) => a.order - b.order);
  return best.map(({ cluster }) => excerpt(whole[cluster.of] as MatchedText, cluster.matches));
}

/** The beginning of a text in one line, for what has no title of its own. */
export function titleFrom(text: string): string {
  const line = text
    .slice(0, 4 * MAX_TITLE)
    .replace(/\s+/g, ' ')
    .trim();
  if (line.length <= MAX_TITLE && text.length <= 4 * MAX_TITLE) return line;
  const edge = wordEdgeBefore(line, characterStart(line, Math.min(line.length, MAX_TITLE)));
  return `${line.slice(0, edge).trimEnd()}…`;
}

/** Matches widened to whole characters; those that then meet within a character become one. */
function onWholeCharacters({ text, matches }: MatchedText): MatchedText {
  const widened: [number, number][] = [];
  for (const [start, end] of matches) {
    const range: [number, number] = [characterStart(text, start), characterEnd(text, end)];
    const last = widened.at(-1);
    if (last && range[0] < last[1]) last[1] = Math.max(last[1], range[1]);
    else widened.push(range);
  }
  return { text, matches: widened };
}

function clustersOf({ text, matches }: MatchedText, of: number): Cluster[] {
  const clusters: Cluster[] = [];
  for (let next = 0; next < matches.length;) {
    const from = (matches[next] as Range)[0];
    let end = next + 1;
    while (end < matches.length && (matches[end] as Range)[1] - from <= FRAGMENT_LENGTH - LEAD) end += 1;
    const members = matches.slice(next, end);
    const words = new Set(members.map((range) => text.slice(...range).toLowerCase())).size;
    clusters.push({ of, matches: members, words });
    next = end;
  }
  return clusters;
}

/** The excerpt around some matches of a text, with all of it that fits if the text is short. */
function excerpt({ text, matches: all }: MatchedText, around: readonly Range[]): Fragment {
  const [first, last] = [around[0]?.[0] ?? 0, around.at(-1)?.[1] ?? 0];
  const from = first <= LEAD + SLACK ? 0 : wordEdgeAfter(text, characterStart(text, first - LEAD), first);
  const wanted = Math.max(last, from + FRAGMENT_LENGTH);
  const to =
    wanted + SLACK >= text.length ? text.length : Math.max(last, wordEdgeBefore(text, characterStart(text, wanted)));
  const inside = all.filter(([start, end]) => start >= from && end <= to);
  return { text: text.slice(from, to), matches: inside.map(([start, end]) => [start - from, end - from]) };
}

/** Where the character begins that is at a place; a place between two characters is its own. */
function characterStart(text: string, place: number): number {
  return characters.segment(text).containing(place)?.index ?? place;
}

function characterEnd(text: string, place: number): number {
  const within = characters.segment(text).containing(place);
  return !within || within.index === place ? place : within.index + within.segment.length;
}

/** The end of the last white space before a place, if one is near; else the place. */
function wordEdgeBefore(text: string, place: number): number {
  const near = text.slice(Math.max(0, place - SLACK), place);
  const space = near.search(/\s\S*$/);
  return space === -1 ? place : characterStart(text, place - near.length + space);
}

/** The end of the first white space behind a place, if one is near and before the limit; else the place. */
function wordEdgeAfter(text: string, place: number, limit: number): number {
  const near = text.slice(place, Math.min(place + SLACK, limit));
  const space = /\s+/.exec(near);
  if (!space) return place;
  const edge = place + space.index + space[0].length;
  return characterStart(text, edge) === edge ? edge : place;
}
