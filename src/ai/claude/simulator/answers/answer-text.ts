import { integerBetween, pick, type Random } from './random.js';

/** Every simulated answer in prose begins with this, so that none can be taken for one of Claude's. */
export const SIMULATED_MARK = '[simulated]';

const MAX_QUOTED_CHARACTERS = 120;
const WORDS_PER_DELTA = 4;

const REMARKS = [
  'No model was called: this text stands where an answer of Claude would stand, with the same shape and a similar length.',
  'A real answer would weigh the evidence here, name its sources, and say where they disagree.',
  'It would start from what is well established, and only then move on to what is still argued about.',
  'Numbers are left out on purpose, since a made-up figure is easily mistaken for a found one.',
  'Where the question is open, it would say so, and suggest what to look at next.',
  'The same request always gets this same text, which makes it useful for tests and demonstrations.',
  'A second paragraph would compare the leading views and the reasons that each of them gives.',
  'The closing lines would sum up in one sentence what a reader should take away.',
] as const;

/** The question on one line, shortened at a character boundary. */
export function quoted(question: string): string {
  const line = question.replace(/\s+/g, ' ').trim();
  const characters = Array.from(line.slice(0, MAX_QUOTED_CHARACTERS * 2));
  if (characters.length <= MAX_QUOTED_CHARACTERS) return line;
  return `${characters.slice(0, MAX_QUOTED_CHARACTERS).join('')}…`;
}

/** A few paragraphs that say what they are and what was asked. */
export function answerText(question: string, random: Random): string {
  const opening = question.trim() ? `You asked: "${quoted(question)}"` : 'There was no text to answer.';
  const sentences = Array.from({ length: integerBetween(random, 3, 7) }, () => pick(random, REMARKS));
  const distinct = [...new Set(sentences)];
  const half = Math.ceil(distinct.length / 2);
  const paragraphs = [distinct.slice(0, half).join(' '), distinct.slice(half).join(' ')].filter(Boolean);
  return [`${SIMULATED_MARK} ${opening}`, ...paragraphs].join('\n\n');
}

function groupsOf(size: number, words: readonly string[]): string[] {
  const count = Math.ceil(words.length / size);
  return Array.from({ length: count }, (_, index) => words.slice(index * size, (index + 1) * size).join(''));
}

/** Splits text into pieces of a few words, or into exactly `count` pieces if the text is long enough for that. */
export function splitIntoDeltas(text: string, count?: number): string[] {
  if (text === '') return [];
  if (count === undefined) return groupsOf(WORDS_PER_DELTA, text.match(/\s*\S{1,24}|\s+/gu) ?? [text]);
  const characters = Array.from(text);
  const pieces = Math.min(Math.max(1, count), characters.length);
  const edge = (index: number): number => Math.round((index * characters.length) / pieces);
  return Array.from({ length: pieces }, (_, index) => characters.slice(edge(index), edge(index + 1)).join(''));
}
