import fc from 'fast-check';
import MarkdownIt from 'markdown-it';
import { codeBlock, codeSpan, inline, link, paragraphs, quotation } from './plain-text.js';

const parser = new MarkdownIt({ html: true });

type Token = ReturnType<(typeof parser)['parse']>[number];

/** What a reader sees of the text within a line: breaks as line breaks; anything but plain text shows as its kind. */
const seen = (tokens: readonly Token[] | null): string =>
  (tokens ?? [])
    .map(({ type, content }) => {
      if (type === 'text' || type === 'text_special') return content;
      return type === 'hardbreak' ? '\n' : `<${type}>`;
    })
    .join('');

const kinds = (tokens: readonly Token[]): string[] => tokens.map(({ type }) => type);

/** Texts of what means something in Markdown, more often than chance would have it. */
const MARKS = [
  ...'# ## - + * ** _ __ ~~ ` ``` ~~~ > | |-| --- === 1. 2) [ ] ]( ) ![ < <b> </b> <!-- --> <? <script>'.split(' '),
  ...'&amp; &#35; & \\ : [^1]: https://a.example <https://a.example> $ = { } a é 🌊 _a_ snake_case % " \''.split(' '),
  '\t',
  '    ',
  ' ',
  '\n',
  '\n\n',
  '\r',
  '\r\n',
  '\u00a0',
  '\u2028',
  ']: x',
  '[a]: b',
  'b c',
  '- [ ] ',
];
const texts = fc.oneof(
  fc.array(fc.constantFrom(...MARKS), { maxLength: 20 }).map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);

/** White space is the one thing that may look otherwise. */
const spaced = (text: string): string => text.replace(/\s+/gu, ' ').trim();

describe('a text within a line', () => {
  it('is read back as it was, whatever it holds', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const [open, content, close] = parser.parse(`# ${inline(text)}`, {});
        expect([open?.tag, close?.tag]).toEqual(['h1', 'h1']);
        expect(seen(content?.children ?? [])).toBe(spaced(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('stays readable where nothing has to be escaped', () => {
    expect(inline('Tidal power (2026): 3 - 5 GW, snake_case, C# & R&D')).toBe(
      'Tidal power (2026): 3 - 5 GW, snake_case, C# & R&D',
    );
    expect(inline('a\n#  b *c* [d]')).toBe('a \\# b \\*c\\* \\[d\\]');
  });
});

describe('a text in paragraphs', () => {
  it('is read back with its lines and nothing but text, whatever it holds', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const tokens = parser.parse(paragraphs(text).join('\n'), {});
        const groups = tokens.filter(({ type }) => type === 'inline').map(({ children }) => seen(children));
        const expected = text
          .replace(/\r\n|\r/g, '\n')
          .split(/\n(?:[^\S\n]*\n)+/)
          .map((group) => group.split('\n').map(spaced).filter(Boolean).join('\n'))
          .filter(Boolean);
        expect(groups.map((group) => group.split('\n').map(spaced).join('\n'))).toEqual(expected);
        expect(new Set(kinds(tokens))).toEqual(
          new Set(groups.length > 0 ? ['paragraph_open', 'inline', 'paragraph_close'] : []),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps its line breaks and its indentation', () => {
    expect(paragraphs('One\n  two\n\n\n1. three\n- four\n')).toEqual([
      'One\\',
      '&nbsp;&nbsp;two',
      '',
      '1\\. three\\',
      '\\- four',
    ]);
    expect(paragraphs(' \n ')).toEqual([]);
  });
});

describe('code', () => {
  it('in a line is read back as it was, but for white space', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const [, content] = parser.parse(`x ${codeSpan(text)} y`, {});
        const children = content?.children ?? [];
        if (spaced(text) === '') return;
        expect(kinds(children)).toEqual(['text', 'code_inline', 'text']);
        expect(spaced(children[1]?.content ?? '')).toBe(spaced(text));
      }),
    );
  });

  it('in a block is read back to the character, but for the kind of its line breaks', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const tokens = parser.parse(codeBlock(text, 'text').join('\n'), {});
        expect(kinds(tokens)).toEqual(['fence']);
        expect(tokens[0]?.content).toBe(`${text.replace(/\r\n|\r/g, '\n')}\n`);
      }),
    );
  });
});

describe('a link', () => {
  it('leads where it should and shows its text, whatever both hold', () => {
    fc.assert(
      fc.property(texts, texts, (text, path) => {
        const url = `https://a.example/${path}`;
        fc.pre(URL.canParse(url) && spaced(text) !== '');
        const [, content] = parser.parse(`1 ${link(text, url)} 2`, {});
        const children = content?.children ?? [];
        const opened = children.findIndex(({ type }) => type === 'link_open');
        const closed = children.findIndex(({ type }) => type === 'link_close');
        expect(seen(children.slice(0, opened))).toBe('1 ');
        expect(seen(children.slice(opened + 1, closed))).toBe(spaced(text));
        expect(seen(children.slice(closed + 1))).toBe(' 2');
        const expected = url.replace(/[\s<>\\`\p{C}]/gu, (character) => encodeURIComponent(character));
        expect(children[opened]?.attrGet('href')).toBe(parser.normalizeLink(expected));
      }),
      { numRuns: 500 },
    );
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'ftp://a.example', 'nonsense', 'https://'])(
    'is none when the address is %s',
    (url) => {
      const [, content] = parser.parse(link('title', url), {});
      expect(seen(content?.children ?? [])).toBe(`title (${url})`);
    },
  );
});

describe('a quotation', () => {
  it('holds every line', () => {
    expect(quotation(['a', '', 'b'])).toEqual(['> a', '>', '> b']);
  });
});
