import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { NotFoundError } from '../errors/platform.errors.js';
import { logContext, withLogContext } from '../logging/log-context.js';
import { sendEventStream } from './sse.js';
import { textStream } from './text-stream.js';

const LOG = { event: 'test_broken_off', test_id: 7 } as const;
const never = new AbortController().signal;

async function* broken(error: Error): AsyncGenerator<string> {
  yield 'one';
  await nextTurn();
  throw error;
}

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield 'piece '.repeat(10_000);
    await nextTurn();
  }
}

describe.each([
  ['a text', (pieces: AsyncGenerator<string>, signal = never) => textStream(pieces, signal, LOG)],
  [
    'an event stream',
    (pieces: AsyncGenerator<string>) =>
      sendEventStream({ headers: () => undefined } as unknown as FastifyReply, pieces, LOG),
  ],
])('%s that breaks off', (_, streamOf) => {
  const lines: object[] = [];
  const log = (level: string) => (line: object) => void lines.push({ level, ...line, ...logContext() });

  beforeAll(() => Logger.overrideLogger({ log: log('info'), warn: log('warn'), error: log('error') }));
  afterAll(() => Logger.overrideLogger(false));
  beforeEach(() => lines.splice(0));

  it('leaves a line with its defect in the log, in the name of who asked, and fails for who reads', async () => {
    const err = new Error('a defect');
    const stream = withLogContext({ request_id: 'asked' }, () => streamOf(broken(err)));
    await expect(stream.toArray()).rejects.toThrow(err);
    expect(lines).toEqual([{ level: 'error', ...LOG, err, request_id: 'asked' }]);
  });

  it('is no defect when what it told of is gone', async () => {
    await expect(streamOf(broken(new NotFoundError('gone'))).toArray()).rejects.toThrow('gone');
    expect(lines).toEqual([{ level: 'warn', ...LOG, reason: 'gone' }]);
  });

  it.each([
    ['goes away', undefined],
    ['breaks', new Error('ECONNRESET')],
  ])("is nobody's business when its reader %s", async (__, error) => {
    const stream = streamOf(endless());
    const closed = new Promise((resolve) => stream.on('error', () => undefined).on('close', resolve));
    stream.once('data', () => stream.destroy(error));
    await closed;
    expect(lines).toEqual([]);
  });

  it('leaves no line when it ends', async () => {
    async function* whole(): AsyncGenerator<string> {
      yield* ['one', ' two'];
    }
    expect(
      String(
        Buffer.concat(
          await streamOf(whole())
            .map((chunk) => Buffer.from(chunk as Buffer))
            .toArray(),
        ),
      ),
    ).toBe('one two');
    expect(lines).toEqual([]);
  });
});

it('a text that a shutdown breaks off leaves no line', async () => {
  const lines: unknown[] = [];
  const log = (line: unknown) => void lines.push(line);
  Logger.overrideLogger({ log, warn: log, error: log });
  const controller = new AbortController();
  const stream = textStream(endless(), controller.signal, LOG);
  stream.once('data', () => controller.abort());
  await expect(stream.toArray()).rejects.toThrow('aborted');
  Logger.overrideLogger(false);
  expect(lines).toEqual([]);
});
