import { Logger } from '@nestjs/common';
import { textStream } from './text-stream.js';

const never = new AbortController().signal;
const LOG = { event: 'text_broken_off' } as const;

async function read(stream: AsyncIterable<Buffer>): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of stream) chunks.push(String(chunk));
  return chunks;
}

describe('a text that is made while it is sent', () => {
  // What is told of one that fails is a matter of `broken-off.spec.ts`.
  beforeAll(() => Logger.overrideLogger(false));

  async function* pieces(count: number, ended: string[] = []): AsyncGenerator<string> {
    try {
      for (let index = 0; index < count; index += 1) yield `${index} `.padEnd(1000, 'x');
    } finally {
      ended.push('ended');
    }
  }

  it('is whole, in chunks of some size', async () => {
    const chunks = await read(textStream(pieces(50), never, LOG));
    expect(chunks.length).toBeLessThan(5);
    expect(chunks.join('').match(/\d+ /g)).toEqual(Array.from({ length: 50 }, (_, index) => `${index} `));
    expect(await read(textStream(pieces(0), never, LOG))).toEqual([]);
  });

  it('is made no further than it is read, and ended when its reader goes away', async () => {
    let made = 0;
    const ended: string[] = [];
    async function* counted(): AsyncGenerator<string> {
      for await (const piece of pieces(100_000, ended)) {
        made += 1;
        yield piece;
      }
    }
    const stream = textStream(counted(), never, LOG);
    const closed = new Promise((resolve) => stream.on('error', () => undefined).on('close', resolve));
    for await (const _ of stream) break;
    await closed;
    expect(made).toBeLessThan(500);
    expect(ended).toEqual(['ended']);
  });

  it('fails when it cannot be made to its end', async () => {
    async function* broken(): AsyncGenerator<string> {
      yield* pieces(50);
      throw new Error('gone');
    }
    await expect(read(textStream(broken(), never, LOG))).rejects.toThrow('gone');
  });

  it('breaks off by the signal, even where nobody reads', async () => {
    const controller = new AbortController();
    const stream = textStream(pieces(100_000), controller.signal, LOG);
    const failed = new Promise<Error>((resolve) => stream.on('error', resolve));
    controller.abort();
    expect((await failed).name).toBe('AbortError');
    expect(stream.destroyed).toBe(true);
  });
});
