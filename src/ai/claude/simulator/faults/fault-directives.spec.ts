import fc from 'fast-check';
import { parseDirectives, withoutDirectives } from './fault-directives.js';

describe('fault directives', () => {
  it('hold bare names, plain values and quoted ones', () => {
    const [directive] = parseDirectives('Hi [[sim hang status=529 message="a \\"b\\" ]] c" times=2]] there');
    expect(Object.fromEntries(directive?.attributes ?? [])).toEqual({
      hang: 'true',
      status: '529',
      message: 'a "b" ]] c',
      times: '2',
    });
    expect(withoutDirectives('Hi [[sim hang text="]]"]] there')).toBe('Hi  there');
  });

  it('give back any quoted text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
        const [directive] = parseDirectives(`x [[sim text="${escaped}" key=k]] y`);
        expect(directive?.attributes.get('text')).toBe(text);
      }),
    );
  });

  it('are refused when malformed, and never make the parser fail otherwise', () => {
    expect(() => parseDirectives('[[sim hang')).toThrow('malformed');
    expect(() => parseDirectives('[[sim hang]] [[sim "]]')).toThrow('malformed');
    expect(() => parseDirectives('[[sim hung]]')).toThrow("unknown attribute 'hung'");
    expect(parseDirectives('[[note]] no directive')).toEqual([]);
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseDirectives(`[[sim ${text}`);
        } catch (error) {
          expect(error).toMatchObject({ status: 400 });
        }
      }),
    );
  });
});
