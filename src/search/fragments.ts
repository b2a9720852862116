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
  readonly of: MatchedText;
  readonly matches: readonly Range[];
  /** Different words in it. */
  readonly words: number;
}

/**
 * The best excerpts of some texts, in the order of the texts: those with the most different words that were found. Where
 * none was found, the beginning of the first text. They are cut between characters as readers see them, never within one;
 * matches are widened to whole characters.
 */
export function fragmentsOf(texts: readonly MatchedText[]): Fragment[] {
  const clusters = texts.flatMap(clustersOf);
  if (clusters.length === 0) {
    const first = texts.find(({ text }) => text.trim() !== '');
    return first ? [excerpt({ of: { text: first.text, matches: [] }, matches: [], words: 0 })] : [];
  }
  const best = clusters
    .map((cluster, order) => ({ cluster, order }))
    .sort((a, b) => better(a.cluster, b.cluster) || a.order - b.order)
    .slice(0, MAX_FRAGMENTS);
  return best.sort((a, b) => a.order - b.order).map(({ cluster }) => excerpt(cluster));
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

function better(one: Cluster, other: Cluster): number {
  return other.words - one.words || other.matches.length - one.matches.length;
}

function clustersOf(of: MatchedText): Cluster[] {
  const { text, matches } = of;
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

/** The excerpt around some matches of a text, with all others that fall into it. */
function excerpt({ of: { text, matches: all }, matches: around }: Cluster): Fragment {
  const first = characterStart(text, around[0]?.[0] ?? 0);
  const last = characterEnd(text, around.at(-1)?.[1] ?? 0);
  const from = first <= LEAD + SLACK ? 0 : wordEdgeAfter(text, characterStart(text, first - LEAD), first);
  const wanted = from + FRAGMENT_LENGTH;
  const edge = wanted + SLACK >= text.length ? text.length : wordEdgeBefore(text, characterStart(text, wanted));
  const to = Math.max(last, edge);
  const matches: [number, number][] = [];
  for (const [start, end] of all.filter((range) => range[0] >= from && range[1] <= to)) {
    const range: [number, number] = [characterStart(text, start) - from, characterEnd(text, end) - from];
    const previous = matches.at(-1);
    // Two that meet within a character become one.
    if (previous && range[0] < previous[1]) previous[1] = Math.max(previous[1], range[1]);
    else matches.push(range);
  }
  return { text: text.slice(from, to), matches };
}

/** Where the character begins that is at a place; a place between two characters is its own. */
function characterStart(text: string, place: number): number {
  return isPlain(text, place) ? place : (characters.segment(text).containing(place)?.index ?? place);
}

/** Where the character ends that a place is within; a place between two characters is its own. */
function characterEnd(text: string, place: number): number {
  if (isPlain(text, place)) return place;
  const within = characters.segment(text).containing(place);
  return !within || within.index === place ? place : within.index + within.segment.length;
}

/** Whether a place is surely between two characters: nothing below U+0300 joins its neighbour, but a line feed a return. */
function isPlain(text: string, place: number): boolean {
  return text.charCodeAt(place - 1) < 0x300 && text.charCodeAt(place) < 0x300 && text[place] !== '\n';
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
