import fc from 'fast-check';
import { UnsoundAnswer } from '../client/upstream-values.js';
import { linesOf } from './lines.js';

async function* pieces(...texts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(text);
}

async function read(...texts: string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const line of linesOf(pieces(...texts.map((text) => Buffer.from(text))), 100)) found.push(line);
  return found;
}

describe('Lines that come in pieces', () => {
  it('are the same however they are cut, in the middle of a character too', async () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/[\n\r]/.test(text) && text.trim() === text);
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(), { maxLength: 9 }), async (lines, cuts) => {
        const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const cut = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
        const found: string[] = [];
        for await (const each of linesOf(pieces(...cut), 1_000_000)) found.push(each);
        expect(found).toEqual(lines);
      }),
    );
  });

  it('need no end, and may be empty', async () => {
    expect(await read('a\n\n  \r\nb', 'c')).toEqual(['a', 'bc']);
    expect(await read()).toEqual([]);
  });

  it('that have no end are no lines', async () => {
    await expect(read('x'.repeat(60), 'x'.repeat(60))).rejects.toThrow(UnsoundAnswer);
  });
});
