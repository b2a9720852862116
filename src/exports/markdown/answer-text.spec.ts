import fc from 'fast-check';
import MarkdownIt from 'markdown-it';
import { answerLines } from './answer-text.js';
import { quotation } from './plain-text.js';

const parser = new MarkdownIt({ html: true });
const shown = (text: string): string => answerLines(text).join('\n');

/** Lines in which code, lists, quotations and HTML meet. */
const PIECES = [
  ...'` `` ``` ```` ~~~ ```js # ###### --- -- === = | |-| word ! \\ \\` \\<b> \\[ \\]: > <'.split(' '),
  ...'<b> </div> <!-- --> <?x <![CDATA[ <script> <https://a.example> <https://a`b>'.split(' '),
  ...'[a] [a]: [^1]: [b b]: (x) ![a](b) [a][b] \u00a0 \f \u2028'.split(' '),
  '  ```',
  '   ```',
  '    ```',
  ' ```',
  '- ```',
  '1. ```',
  '14. ```',
  '> ```',
  '  ~~~',
  '> ',
  '# ',
  '###### ',
  '- ',
  '* ',
  '1. ',
  '- - ',
  '  ',
  '    ',
  '      ',
  '\t',
  '| - | - |',
  '<a href="`">',
  '[a]: /x',
  'b]: /y',
];
const lines = fc.array(fc.constantFrom(...PIECES), { maxLength: 5 }).map((parts) => parts.join(''));
const answers = fc.oneof(
  fc.array(fc.oneof(lines, fc.constant('')), { maxLength: 14 }).map((all) => all.join('\n')),
  fc.array(fc.constantFrom(...PIECES, '\n', '\n', '\n\n', '\r', ' '), { maxLength: 30 }).map((parts) => parts.join('')),
);

type Tokens = ReturnType<(typeof parser)['parse']>;

function flat(tokens: Tokens): Tokens {
  return tokens.flatMap((token) => [token, ...flat(token.children ?? [])]);
}

describe('an answer that is quoted', () => {
  it('reaches nothing outside of the quotation, whatever it holds', () => {
    fc.assert(
      fc.property(answers, (text) => {
        fc.pre(answerLines(text).length > 0);
        const environment: Parameters<(typeof parser)['parse']>[1] = {};
        const document = ['# Before', '', ...quotation(answerLines(text)), '', '## After [a] [b] [^1]', '', 'End'];
        const tokens = parser.parse(document.join('\n'), environment);
        const outside = tokens
          .filter(({ level, type }) => level === 0 && !type.endsWith('_close'))
          .map(({ type }) => type);
        expect(outside).toEqual(['heading_open', 'blockquote_open', 'heading_open', 'paragraph_open']);
        const kinds = new Set(flat(tokens).map(({ type }) => type));
        for (const kind of ['html_block', 'html_inline', 'image']) expect(kinds.has(kind)).toBe(false);
        expect(Object.keys(environment.references ?? {})).toEqual([]);
        const last = flat(tokens.slice(-6));
        expect(last.map(({ type }) => type)).not.toContain('link_open');
      }),
      { numRuns: 3000 },
    );
  }, 120_000);

  it.each([
    'Tides come from the **moon**, and *also* from the `sun`.',
    '1. One\n2. Two\n   - Three',
    'Use `Vec<T>` and `a[1]: b`.',
    '```ts\nconst a: Map<string, number> = new Map<string, number>(); // [x]: y\n# no heading\n```\n\nDone.',
    '~~~\n<div>\n~~~',
    '1. First:\n\n   ```html\n   <div>\n   ```\n\n2. Then `<p>`.',
    '| a | b |\n|---|---|\n| 1 | 2 |',
    '> quoted\n\n***\n\n[Tides](https://a.example/tides) and <https://a.example>',
    'a < b, 3 > 2, x = y',
    '- [x] done: yes',
  ])('that does no harm stays as it is: %j', (text) => {
    expect(shown(text)).toBe(text);
  });

  it.each([
    ['# Title\n\n## Part\n\n####### none', '##### Title\n\n###### Part\n\n####### none'],
    ['Title\n===\n\nPart\n---\nx', 'Title\n\\===\n\nPart\n***\nx'],
    ['a <b>bold</b> <!-- x -->', 'a \\<b>bold\\</b> \\<!-- x -->'],
    ['at https://a.example<b>', 'at https://a.example&lt;b>'],
    ['![a map](https://a.example/map.png)', '\\![a map](https://a.example/map.png)'],
    ['See [1].\n\n[1]: https://a.example', 'See [1].\n\n[1]\\: https://a.example'],
    ['[b```jsb]:```js', '[b```jsb]\\:```js'],
    ['[a\nb```c]:```js', '[a\nb```c]\\:```js'],
    ['1. List:\n   ```\n<b>', '1. List:\n   ```\n\\<b>'],
    ['`open\n`<b>`', '`open\n`\\<b>`'],
    ['  \n\nlines\r\nof all\rkinds\n\n', 'lines\nof all\nkinds'],
  ])('loses what would: %j', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });
});
