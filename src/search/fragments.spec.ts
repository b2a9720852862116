import fc from 'fast-check';
import { FRAGMENT_LENGTH, fragmentsOf, MAX_FRAGMENTS, titleFrom } from './fragments.js';
import type { MatchedText, Range } from './marked-text.js';

/** A text with all places of a word. */
function matched(text: string, ...words: string[]): MatchedText {
  const matches = words.flatMap((word) =>
    [...text.matchAll(new RegExp(word, 'gi'))].map(({ index }): Range => [index, index + word.length]),
  );
  return { text, matches: matches.sort(([a], [b]) => a - b) };
}

const wordsIn = ({ text, matches }: MatchedText): string[] => matches.map((range) => text.slice(...range));
const filler = (words: number): string => Array.from({ length: words }, (_, n) => `filler${n}`).join(' ');

/** The places between the characters of a text as readers see them. */
function boundariesOf(text: string): Set<number> {
  const segments = new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text);
  return new Set([...segments].map(({ index }) => index).concat(text.length));
}

describe('Fragments', () => {
  it('are the whole of a short text, with what was found in it', () => {
    const text = 'Lithium dendrites limit the charging speed.';
    expect(fragmentsOf([matched(text, 'dendrites', 'speed')])).toEqual([
      {
        text,
        matches: [
          [8, 17],
          [37, 42],
        ],
      },
    ]);
  });

  it('are cut out of a long one around what was found, at white space', () => {
    const text = `${filler(100)} Lithium dendrites grow. ${filler(100)}`;
    const [fragment, ...others] = fragmentsOf([matched(text, 'dendrites')]);
    expect(others).toEqual([]);
    expect(wordsIn(fragment!)).toEqual(['dendrites']);
    expect(fragment!.text).toMatch(/^filler\d+ .* filler\d+$/);
    expect(fragment!.text.length).toBeLessThanOrEqual(FRAGMENT_LENGTH);
  });

  it('prefer places with more different words, and stand in the order of the texts', () => {
    const apart = filler(40);
    const text = `tides ${apart} tides ${apart} tides and waves ${apart} tides ${apart} waves and tides`;
    const fragments = fragmentsOf([
      matched('No match', 'tides'),
      matched('On waves', 'waves'),
      matched(text, 'tides', 'waves'),
    ]);
    expect(fragments).toHaveLength(MAX_FRAGMENTS);
    expect(fragments.map(wordsIn)).toEqual([['waves'], ['tides', 'waves'], ['waves', 'tides']]);
  });

  it('are the beginning of the first text where nothing was found', () => {
    const texts = [
      { text: '  ', matches: [] },
      { text: filler(100), matches: [] },
    ];
    const [fragment, ...others] = fragmentsOf(texts);
    expect(others).toEqual([]);
    expect(fragment!.matches).toEqual([]);
    expect(fragment!.text.length).toBeGreaterThan(FRAGMENT_LENGTH - 40);
    expect(texts[1]!.text.startsWith(fragment!.text)).toBe(true);
    expect(fragmentsOf([{ text: '', matches: [] }])).toEqual([]);
    expect(fragmentsOf([])).toEqual([]);
  });

  it('never cut a character, nor a match, whatever the script', () => {
    const unit = fc.oneof(
      { weight: 4, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(' ', '\n', 'e\u0301', '👩‍👩‍👧‍👦', '🇩🇪', 'हि', '각', '\u0301\u0302\u0303', '🔋'),
      },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 300 }).map((count) => 'x'.repeat(count)) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 300 }).map((count) => `a${'\u0301'.repeat(count)}`) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 99 }).map((count) => '🇦'.repeat(count)) },
    );
    const part = fc.record({
      text: fc.array(unit, { minLength: 1, maxLength: 4 }).map((all) => all.join('')),
      found: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const matches: Range[] = [];
        let text = '';
        for (const each of parts) {
          if (each.found) matches.push([text.length, text.length + each.text.length]);
          text += each.text;
        }
        const boundaries = boundariesOf(text);
        const fragments = fragmentsOf([{ text, matches }]);
        expect(fragments.length).toBeLessThanOrEqual(MAX_FRAGMENTS);
        if (matches.length > 0) expect(fragments.some((each) => each.matches.length > 0)).toBe(true);
        for (const fragment of fragments) {
          expect(fragment.text.isWellFormed()).toBe(true);
          expect(standsAt(text, boundaries, fragment)).toBe(true);
          let last = 0;
          for (const [start, end] of fragment.matches) {
            expect(start).toBeGreaterThanOrEqual(last);
            expect(end).toBeGreaterThan(start);
            last = end;
          }
          expect(last).toBeLessThanOrEqual(fragment.text.length);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('show what was found, widened to whole characters at most', () => {
    const [fragment] = fragmentsOf([{ text: 'cafe\u0301 au lait', matches: [[0, 4]] }]);
    expect(wordsIn(fragment!)).toEqual(['cafe\u0301']);
    const word = fc.constantFrom('tide', 'wave', '電池', 'батарея', '🔋');
    fc.assert(
      fc.property(
        fc.array(fc.oneof(word, fc.constantFrom('and', 'of', 'the', 'so', 'on')), { maxLength: 200 }),
        word,
        (all, sought) => {
          const text = all.join(' ');
          const found = fragmentsOf([matched(text, sought)]).flatMap(wordsIn);
          expect(new Set(found)).toEqual(new Set(all.includes(sought) ? [sought] : []));
        },
      ),
    );
  });
});

/** Whether a fragment stands somewhere in a text so that it begins and ends between characters, and its matches do. */
function standsAt(text: string, boundaries: ReadonlySet<number>, fragment: MatchedText): boolean {
  const edges = [0, fragment.text.length, ...fragment.matches.flat()];
  for (let at = text.indexOf(fragment.text); at !== -1; at = text.indexOf(fragment.text, at + 1)) {
    if (edges.every((edge) => boundaries.has(at + edge))) return true;
  }
  return false;
}

describe('A title made from a text', () => {
  it('is the text in one line, if it is short', () => {
    expect(titleFrom('  What makes\n the tides?\n')).toBe('What makes the tides?');
    expect(titleFrom('')).toBe('');
  });

  it('is its beginning, cut at a word, if it is long', () => {
    const title = titleFrom(filler(40));
    expect(title).toMatch(/^filler0 .* filler\d+…$/);
    expect(title.length).toBeLessThanOrEqual(101);
    expect(titleFrom('x'.repeat(1000))).toBe(`${'x'.repeat(100)}…`);
  });

  it('is never cut within a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 60, maxLength: 300 }), (text) => {
        const title = titleFrom(text);
        expect(title.isWellFormed()).toBe(true);
        const line = text.replace(/\s+/g, ' ').trim();
        if (title !== line) expect(boundariesOf(line).has(title.length - 1)).toBe(true);
      }),
    );
    expect(titleFrom('👩‍👩‍👧'.repeat(100))).toBe(`${'👩‍👩‍👧'.repeat(12)}…`);
  });
});
