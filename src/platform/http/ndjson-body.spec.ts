import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { MalformedRequestError, ValidationFailedError } from '../errors/platform.errors.js';
import { ResearchPlatformError } from '../errors/research-platform.error.js';
import { readLines } from './ndjson-body.js';

const ROUTE = { maxLines: 100, pointer: '/queries' };

/** What is read of a body that comes in these pieces. */
async function read(chunks: readonly Buffer[], maxBytes = 1_000_000): Promise<readonly unknown[]> {
  return (await readLines(Readable.from(chunks) as IncomingMessage, ROUTE, maxBytes)).values;
}

const mistakeIn = (body: string | Buffer, maxBytes?: number) =>
  read([Buffer.from(body)], maxBytes).catch((error: unknown) => error as ResearchPlatformError);

describe('A body of JSON lines', () => {
  it('is the same values wherever the network cuts it', async () => {
    const values = fc.array(
      fc.json({ maxDepth: 3 }).filter((text) => !/\\u|__proto__/.test(text)),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(values, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), async (lines, sizes) => {
        const bytes = Buffer.from(lines.join('\n'));
        const chunks: Buffer[] = [];
        for (let start = 0; start < bytes.length;) {
          const size = sizes.next().value as number;
          chunks.push(bytes.subarray(start, start + size));
          start += size;
        }
        expect(await read(chunks)).toEqual(lines.map((line) => JSON.parse(line) as unknown));
      }),
      { numRuns: 100 },
    );
  });

  it('may end with a line break, have empty lines and those of Windows', async () => {
    expect(await read([Buffer.from('{"a":1}\r\n\n  \n[2]\n')])).toEqual([{ a: 1 }, [2]]);
    expect(await read([])).toEqual([]);
  });

  it.each([
    ['{"a":1}\n{', 'Line 2: '],
    ['\n\nnope', 'Line 3: '],
    [Buffer.from([0x22, 0xff, 0x22]), 'Line 1: '],
  ])('of %j is malformed in the line that is named', async (body, detail) => {
    const mistake = await mistakeIn(body);
    expect(mistake).toBeInstanceOf(MalformedRequestError);
    expect((mistake as MalformedRequestError).detail).toMatch(detail);
  });

  it('whose text cannot be stored is refused by its place among the values', async () => {
    const mistake = await mistakeIn(String.raw`{}${'\n\n'}{"a":["\u0000"]}`);
    expect(mistake).toBeInstanceOf(ValidationFailedError);
    expect((mistake as ValidationFailedError).extras.errors).toEqual([
      { pointer: '/queries/1/a/0', detail: expect.any(String) as string },
    ]);
  });

  it('of too many lines or bytes is refused, and yet read to its end', async () => {
    expect(await mistakeIn('1\n'.repeat(101))).toMatchObject({ extras: { errors: [{ pointer: '/queries' }] } });
    const body = Readable.from([Buffer.from('1\n'.repeat(50)), Buffer.from('2\n'.repeat(50))]);
    const refused = readLines(body as IncomingMessage, ROUTE, 120).catch((error: unknown) => error);
    expect(await refused).toMatchObject({ slug: 'payload-too-large' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(body.readableEnded).toBe(true);
  });

  it('that is cut off is not taken for whole', async () => {
    const body = new Readable({ read: () => undefined });
    body.push('{"a":1}\n');
    const reading = readLines(body as IncomingMessage, ROUTE, 1000);
    setImmediate(() => body.destroy());
    await expect(reading).rejects.toBeInstanceOf(MalformedRequestError);
  });
});
