import { jest } from '@jest/globals';
import { nanoUsd } from '../../../platform/money/money.js';
import { DeltaWriter } from './delta-writer.js';
import { LiveRun } from './live-run.js';
import type { RunEventStore } from './run-event-store.js';
import type { EventAppend } from './run-events.repository.js';
import type { Run } from '../run.types.js';

const RUN = { id: 1, status: 'running' } as unknown as Run;
/** Longer than any interval between two writes. */
const LONG_MS = 5000;

/** A writer of a followed run whose stores the test answers, by default with what was sent. */
function setUp() {
  const live = new LiveRun(RUN);
  live.join();
  const begun: (number | null)[] = [];
  const sent: { sequence: number; text: string; answer: (text?: string | null) => void; fail: () => void }[] = [];
  const store = {
    append: ({ event, beginning }: EventAppend) =>
      new Promise((resolve, reject) => {
        begun.push(beginning?.number ?? null);
        const { text } = JSON.parse(event.data) as { text: string };
        const answer = (kept: string | null = text): void =>
          resolve(kept === null ? null : JSON.stringify({ text: kept }));
        sent.push({ sequence: event.sequence, text, answer, fail: () => reject(new Error('away')) });
      }),
  } as unknown as RunEventStore;
  const onLost = jest.fn();
  const writer = new DeltaWriter({ runId: 1, workerId: 'w', fence: 1 } as never, live, store, 1, onLost);
  const told = () => sent.map(({ sequence, text }) => [sequence, text]);
  return { live, writer, sent, begun, told, onLost };
}

describe('A writer of deltas', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('writes the first piece at once, and what comes within 50 ms together, behind the one under way', async () => {
    const { writer, sent, told, live } = setUp();
    writer.add('One');
    await jest.advanceTimersByTimeAsync(0);
    for (const piece of [' two', ' three']) writer.add(piece);
    await jest.advanceTimersByTimeAsync(LONG_MS);
    expect(told()).toEqual([[2, 'One']]);
    expect(live.eventsAfter(0)).toEqual([]);
    sent[0]!.answer();
    await jest.advanceTimersByTimeAsync(50);
    expect(told()).toEqual([
      [2, 'One'],
      [3, ' two three'],
    ]);
    expect(live.eventsAfter(0)).toMatchObject([{ sequence: 2, data: '{"text":"One"}' }]);
  });

  it('hands over what came during its last write, and writes it no more itself', async () => {
    const { writer, sent, told } = setUp();
    writer.add('One');
    await jest.advanceTimersByTimeAsync(0);
    writer.add(' two');
    const handedOver = writer.finish();
    await jest.advanceTimersByTimeAsync(LONG_MS);
    sent[0]!.answer();
    expect(await handedOver).toEqual({ sequence: 2, pending: ' two' });
    // Recording the end may take its time.
    await jest.advanceTimersByTimeAsync(LONG_MS);
    expect(told()).toEqual([[2, 'One']]);
    expect(await writer.finish()).toEqual({ sequence: 2, pending: ' two' });
  });

  it('makes sure of a write that may have happened before it hands over', async () => {
    const { writer, sent, told } = setUp();
    writer.add('One');
    await jest.advanceTimersByTimeAsync(0);
    writer.add(' two');
    sent[0]!.fail();
    const failing = writer.finish().catch((error: Error) => error.message);
    await jest.advanceTimersByTimeAsync(0);
    sent[1]!.fail();
    expect(await failing).toBe('away');
    const handedOver = writer.finish();
    await jest.advanceTimersByTimeAsync(0);
    // It had happened: what stands under its number is what was known then.
    sent[2]!.answer('One');
    expect(await handedOver).toEqual({ sequence: 2, pending: ' two' });
    expect(told()).toEqual([
      [2, 'One'],
      [2, 'One two'],
      [2, 'One two'],
    ]);
  });

  it('tells with the first text of an attempt how it has begun, until that is stored', async () => {
    const { writer, sent, told, begun } = setUp();
    const answered = async (end: 'fail' | 'answer'): Promise<void> => {
      await jest.advanceTimersByTimeAsync(LONG_MS);
      sent.at(-1)![end]();
      await jest.advanceTimersByTimeAsync(LONG_MS);
    };
    writer.begin({ number: 1, requestId: 'req_1', minNanoUsd: nanoUsd(5) });
    writer.add('One');
    await answered('fail');
    await answered('answer');
    writer.add(' two');
    await answered('answer');
    writer.begin({ number: 2, requestId: 'req_2', minNanoUsd: nanoUsd(6) });
    writer.add(' three');
    await answered('answer');
    expect(told().map(([, text], index) => [text, begun[index]])).toEqual([
      ['One', 1],
      ['One', 1],
      [' two', null],
      [' three', 2],
    ]);
  });

  it('tells when the run is another worker’s', async () => {
    const { writer, sent, onLost } = setUp();
    writer.add('One');
    await jest.advanceTimersByTimeAsync(0);
    sent[0]!.answer(null);
    await jest.advanceTimersByTimeAsync(0);
    expect(onLost).toHaveBeenCalledTimes(1);
    await writer.finish();
  });
});
