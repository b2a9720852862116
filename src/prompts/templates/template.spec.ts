import fc from 'fast-check';
import mustache from 'mustache';
import { RenderedTooLargeError, TemplateSyntaxError } from './template.errors.js';
import { compileTemplate } from './template.js';
import type { VariableValues } from './template.types.js';

const render = (source: string, values: VariableValues = {}) => compileTemplate(source).render(values);

function syntaxError(source: string): string {
  try {
    compileTemplate(source);
  } catch (error) {
    if (error instanceof TemplateSyntaxError) return error.message;
    throw error;
  }
  throw new Error('It was compiled');
}

const elapsedMs = (work: () => void): number => {
  const start = performance.now();
  work();
  return performance.now() - start;
};

/** Texts that look like templates: any string, broken off and put together from the pieces of the syntax. */
const templateLike = fc
  .array(
    fc.oneof(
      fc.constantFrom('{{', '}}', '{{{', '}}}', '{{#a}}', '{{/a}}', '{{^b}}', '{{/b}}', '{{.}}', '{{=', '=}}', '{{!'),
      fc.constantFrom('{{> a}}', '{{& a }}', 'a', '#', '/', '&', ' ', '\n', 'constructor', '__proto__', '\ud800'),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 25 },
  )
  .map((pieces) => pieces.join(''));

describe('A template', () => {
  it.each<[string, VariableValues, string]>([
    ['{{a}} {{{a}}} {{&a}} {{ a }}', { a: '<b> & "c"' }, '<b> & "c" <b> & "c" <b> & "c" <b> & "c"'],
    ['{{n}} {{z}} {{t}} {{f}}', { n: 1.5, z: 0, t: true, f: false }, '1.5 0 true false'],
    ['[{{a}}]', {}, '[]'],
    ['{{l}}', { l: ['a', 2] }, 'a,2'],
    ['{{#l}}{{.}};{{/l}}', { l: ['a', 2, false] }, 'a;2;false;'],
    ['{{#l}}{{{.}}}{{&.}}{{a}}{{/l}}', { l: ['<'], a: 'A' }, '<<A'],
    ['{{#t}}yes{{/t}}{{^t}}no{{/t}}', { t: true }, 'yes'],
    ['{{#t}}yes{{/t}}{{^t}}no{{/t}}', { t: false }, 'no'],
    ['{{#t}}yes{{/t}}{{^t}}no{{/t}}', {}, 'no'],
    ['{{#t}}yes{{/t}}{{^t}}no{{/t}}', { t: '' }, 'no'],
    ['{{#t}}yes{{/t}}{{^t}}no{{/t}}', { t: 0 }, 'no'],
    ['{{#t}}yes{{/t}}{{^t}}no{{/t}}', { t: [] }, 'no'],
    ['{{#t}}{{t}}{{.}}{{/t}}', { t: 'x' }, 'xx'],
    ['{{#l}}{{#l}}{{.}}{{/l}}|{{/l}}', { l: [1, 2] }, '12|12|'],
    ['a{{! a remark with {{ }}b', {}, 'ab'],
    ['a\n{{#t}}\nb\n{{/t}}\nc', { t: true }, 'a\nb\nc'],
    ['', {}, ''],
    ['{ } }} {a}', {}, '{ } }} {a}'],
  ])('%j with %j renders %j', (source, values, expected) => {
    expect(render(source, values)).toBe(expected);
  });

  it('tells the variables that it names', () => {
    const { names } = compileTemplate('{{a}}{{#b}}{{.}}{{^c}}{{{d}}}{{/c}}{{/b}}{{&e}}{{! f }}{{a}}');
    expect([...names]).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it.each([
    ['{{#a}}', 'Unclosed section "a" at line 1, column 7'],
    ['x\n {{/a}}', 'Unopened section "a" at line 2, column 2'],
    ['{{#a}}\n{{#b}}{{/a}}{{/b}}', 'Unclosed section "b" at line 2, column 7'],
    ['x\ny {{a', 'Unclosed tag at line 2, column 3'],
    ['{{{a}}', 'Unclosed tag at line 1, column 1'],
    ['{{> a}}', 'Partials are not supported at line 1, column 1'],
    [' {{=<% %>=}}', 'Delimiters cannot be changed at line 1, column 2'],
    ['{{.}}', '{{.}} stands for an item of a list, inside its section at line 1, column 1'],
  ])('%j is refused: %s', (source, message) => {
    expect(syntaxError(source)).toBe(message);
  });

  it.each(['', 'a.b', '1a', 'a b', 'a-b', 'ä', '#a', 'a'.repeat(65), '.a', '..', '\ud83d\ude00'])(
    'does not take %j for the name of a variable',
    (name) => {
      const refused = /cannot name a variable .* at line 1, column 3$/;
      expect(syntaxError(`x {{${name}}}`)).toMatch(name === '#a' ? /Unclosed section/ : refused);
      expect(syntaxError(`x {{& ${name}}}`)).toMatch(refused);
    },
  );

  it('refuses a section over an item', () => {
    expect(syntaxError('{{#a}}{{#.}}{{/.}}{{/a}}')).toContain('stands for an item');
  });

  it.each(Object.getOwnPropertyNames(Object.prototype))('refuses %s, which every object inherits', (name) => {
    for (const tag of [`{{${name}}}`, `{{{${name}}}}`, `{{#${name}}}{{/${name}}}`, `{{^${name}}}{{/${name}}}`]) {
      expect(syntaxError(tag)).toContain('reserved');
    }
  });

  it('finds a name among the given values alone, and not in what they are made of', () => {
    const inherited = Object.create({ a: 'inherited' }) as VariableValues;
    expect(render('[{{a}}]', inherited)).toBe('[]');
    expect(render('{{#s}}[{{length}}]{{/s}}{{#l}}[{{length}}]{{/l}}', { s: 'abc', l: ['xy'] })).toBe('[][]');
  });

  it('takes 20 levels of sections and no more, without filling the stack', () => {
    const nested = (depth: number) => '{{#a}}'.repeat(depth) + 'x' + '{{/a}}'.repeat(depth);
    expect(render(nested(20), { a: true })).toBe('x');
    expect(syntaxError(nested(21))).toContain('nested deeper than 20 levels at line 1, column 121');
    expect(syntaxError(nested(5_000))).toContain('nested deeper');
    expect(syntaxError('{{#a}}'.repeat(5_000))).toContain('Unclosed section');
  });

  it('quotes no more than the beginning of a long mistake, and that well-formed', () => {
    const long = '😀'.repeat(20_000);
    for (const source of [`{{${long}}}`, `{{/${long}}}`, `{{#${long}}}`, `{{#a${long}}}{{/a}}`, `{{ a${long}}}`]) {
      const message = syntaxError(source);
      expect(message.length).toBeLessThan(300);
      expect(message.isWellFormed()).toBe(true);
    }
  });

  it('is compiled once, and kept by its text while it is used', () => {
    const first = compileTemplate('kept {{a}}');
    expect(compileTemplate('kept {{a}}')).toBe(first);
    for (let index = 0; index < 128; index += 1) compileTemplate(`another ${index}`);
    expect(compileTemplate('kept {{a}}')).not.toBe(first);
  });

  it('is kept only as long as all kept ones together have a million characters', () => {
    const first = compileTemplate('small {{a}}');
    for (let index = 0; index < 11; index += 1) compileTemplate(`${index}`.padEnd(99_999, 'x'));
    expect(compileTemplate('small {{a}}')).not.toBe(first);
  });

  it("leaves nothing in mustache's own cache, which never forgets", () => {
    mustache.clearCache();
    for (let index = 0; index < 20; index += 1) render(`{{a}} ${index}`, { a: '{{b}}' });
    // @ts-expect-error The types do not show what the cache keeps inside.
    expect(Object.keys(mustache.templateCache._cache as object)).toEqual([]);
  });

  it('either compiles or throws a TemplateSyntaxError, whatever it is, and then renders', () => {
    let compiled = 0;
    fc.assert(
      fc.property(fc.oneof(templateLike, fc.string({ unit: 'binary' })), (source) => {
        try {
          const template = compileTemplate(source);
          compiled += 1;
          const values = Object.fromEntries([...template.names].map((name) => [name, ['{{a}}', 1]]));
          expect(typeof template.render(values)).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateSyntaxError);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(compiled).toBeGreaterThan(100);
  });

  it('prints values literally, whatever they look like', () => {
    fc.assert(
      fc.property(fc.oneof(templateLike, fc.string({ unit: 'binary' })), (value) => {
        expect(render('<{{a}}{{{a}}}{{&a}}>', { a: value })).toBe(`<${value}${value}${value}>`);
        expect(render('{{#l}}{{.}}{{/l}}', { l: [value, value] })).toBe(value + value);
        if (value !== '') expect(render('{{#a}}{{.}}{{/a}}', { a: value })).toBe(value);
      }),
      { numRuns: 1_000 },
    );
    expect(render('{{a}}', { a: '{{b}}', b: 'no' })).toBe('{{b}}');
  });
});

describe('A malicious template', () => {
  const list = (length: number, item = '') => Array.from({ length }, () => item);
  const nested = (depth: number, inside: string) => '{{#l}}'.repeat(depth) + inside + '{{/l}}'.repeat(depth);

  it.each<[string, string, VariableValues]>([
    ['texts in nested sections', nested(12, 'x'), { l: list(12) }],
    ['values in nested sections', nested(5, '{{a}}'), { l: list(60), a: 'x'.repeat(1_000) }],
    ['a large value again and again', '{{a}}'.repeat(15_000), { a: 'x'.repeat(100_000) }],
    ['a large list again and again', '{{l}}'.repeat(15_000), { l: list(250_000) }],
    ['one value that is too large', '{{a}}', { a: 'x'.repeat(1_000_001) }],
    ['sections without a text', nested(20, ''), { l: list(500_000) }],
    ['sections with an empty value', nested(3, '{{a}}'), { l: list(5_000), a: '' }],
    ['sections that are never entered', nested(3, '{{^l}}{{/l}}{{#a}}{{/a}}'.repeat(50)), { l: list(1_000) }],
    ['comments and unknown names', nested(3, '{{! x }}{{b}}'.repeat(1_000)), { l: list(1_000) }],
  ])('cannot take much time or memory to render: %s', (_what, source, values) => {
    const template = compileTemplate(source);
    let thrown: unknown;
    const ms = elapsedMs(() => {
      try {
        template.render(values);
      } catch (error) {
        thrown = error;
      }
    });
    expect(thrown).toBeInstanceOf(RenderedTooLargeError);
    expect(ms).toBeLessThan(5_000);
  });

  it('may render exactly a million characters', () => {
    expect(render('{{a}}x', { a: 'x'.repeat(999_999) })).toHaveLength(1_000_000);
    expect(() => render('{{a}}xx', { a: 'x'.repeat(999_999) })).toThrow(/longer than 1000000 characters/);
  });

  it.each([
    ['white space inside a tag', `{{a${' '.repeat(99_000)}b}}`],
    ['white space inside a remark', `{{! a${'\n'.repeat(99_000)}b}}`],
    ['white space behind three braces', `{{{a${' '.repeat(99_000)}b}}}`],
    ['white space behind two braces that do not end a tag of three', `{{{a}}${' '.repeat(99_000)}b}}}`],
    ['white space before a name', `{{${' '.repeat(99_000)}`],
    ['white space in a tag that has no end', `{{a${' '.repeat(99_000)}`],
    ['short white space, often', `{{! ${`${' '.repeat(200)}x`.repeat(490)}}}`],
    ['other delimiters', `{{=a b=}}${'axb'.repeat(33_000)}`],
    ['delimiters of white space', `{{=${' '.repeat(99_000)}`],
    ['tags, one a line', '{{a}}\n'.repeat(16_000)],
    ['sections, one a line', '  {{#a}}\n  {{/a}}\n'.repeat(5_000)],
    ['braces', '{'.repeat(99_000)],
    ['tags without an end', '{{a '.repeat(25_000)],
    ['blank lines and tags', `${' '.repeat(80_000)}{{#a}}\n{{/a}}`],
  ])('cannot take much time to compile: %s', (_what, source) => {
    const ms = elapsedMs(() => {
      try {
        compileTemplate(source);
      } catch (error) {
        expect(error).toBeInstanceOf(TemplateSyntaxError);
      }
    });
    expect(ms).toBeLessThan(2_500);
  });

  it('may be as white as it likes outside its tags', () => {
    const white = ' \n'.repeat(30_000);
    expect(render(`${white}x{{a}}`, { a: 1 })).toBe(`${white}x1`);
  });
});
