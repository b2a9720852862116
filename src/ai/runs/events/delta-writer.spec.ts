import { jest } from '@jest/globals';
import { DeltaWriter } from './delta-writer.js';
import { LiveRun } from './live-run.js';
import type { RunEventStore } from './run-event-store.js';
import type { EventAppend } from './run-events.repository.js';
import { nanoUsd } from '../../../platform/money/money.js';
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
  const add = (text: string, number = 1): void =>
    writer.add(text, () => ({ number, requestId: 'req_1', minNanoUsd: nanoUsd(5) }));
  const told = () => sent.map(({ sequence, text }) => [sequence, text]);
  return { live, add, writer, sent, begun, told, onLost };
}

describe('A writer of deltas', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('writes the first piece at once, and what comes within 50 ms together, behind the one under way', async () => {
    const { add, sent, told, live } = setUp();
    add('One');
    await jest.advanceTimersByTimeAsync(0);
    for (const piece of [' two', ' three']) add(piece);
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
    const { add, writer, sent, told } = setUp();
    add('One');
    await jest.advanceTimersByTimeAsync(0);
    add(' two');
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
    const { add, writer, sent, told } = setUp();
    add('One');
    await jest.advanceTimersByTimeAsync(0);
    add(' two');
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
    const { add, writer, sent, begun } = setUp();
    for (const [text, attempt] of [
      ['One', 1],
      [' two', 1],
      [' three', 2],
    ] as const) {
      add(text, attempt);
      await jest.advanceTimersByTimeAsync(LONG_MS);
      if (begun.length === 1) {
        sent[0]!.fail();
        await jest.advanceTimersByTimeAsync(LONG_MS);
      }
      sent.at(-1)!.answer();
      await jest.advanceTimersByTimeAsync(LONG_MS);
    }
    expect(begun).toEqual([1, 1, null, 2]);
    await writer.finish();
  });

  it('tells when the run is another worker’s', async () => {
    const { add, writer, sent, onLost } = setUp();
    add('One');
    await jest.advanceTimersByTimeAsync(0);
    sent[0]!.answer(null);
    await jest.advanceTimersByTimeAsync(0);
    expect(onLost).toHaveBeenCalledTimes(1);
    await writer.finish();
  });
});
