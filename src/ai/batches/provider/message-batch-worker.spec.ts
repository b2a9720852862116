import { jest } from '@jest/globals';
import type { PinoLogger } from 'nestjs-pino';
import type { Config } from '../../../platform/config/config.js';
import type { Lifecycle } from '../../../platform/health/lifecycle.js';
import { logContext, withLogContext } from '../../../platform/logging/log-context.js';
import type { MessageBatchCourse } from './message-batch-course.js';
import { MessageBatchWorker } from './message-batch-worker.js';
import type { HeldMessageBatch, MessageBatchId } from './message-batch.types.js';
import type { MessageBatchesRepository } from './message-batches.repository.js';

const BEAT_MS = 10_000;
/** As long as the real ones, in the time of the test. */
const LIFECYCLE = {
  graceFor: (work: Promise<unknown>) => within(20_000, work),
  recordingOf: (work: Promise<unknown>) => within(5000, work),
} as unknown as Lifecycle;

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work, new Promise((resolve) => setTimeout(resolve, ms))]);
}

const HELD = { id: 3 as MessageBatchId } as HeldMessageBatch;

describe('the worker on Message Batches', () => {
  const advance = jest.fn<MessageBatchCourse['advance']>();
  const renew = jest.fn<MessageBatchesRepository['renew']>();
  const take = jest.fn<MessageBatchesRepository['take']>();
  let worker: MessageBatchWorker;

  beforeEach(async () => {
    jest.useFakeTimers();
    jest.resetAllMocks();
    renew.mockResolvedValue();
    take.mockResolvedValue(null);
    worker = new MessageBatchWorker(
      { database: { url: 'postgres://x' } } as Config,
      { renew, take, untilNextDue: () => Promise.resolve(null) } as unknown as MessageBatchesRepository,
      { advance } as unknown as MessageBatchCourse,
      LIFECYCLE,
      { warn: () => undefined } as unknown as PinoLogger,
    );
    await worker.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(0);
  });
  afterEach(() => jest.useRealTimers());

  /** Takes one up that ends by `end` alone. */
  async function takenUp(): Promise<() => void> {
    let end: () => void = () => undefined;
    advance.mockReturnValue(new Promise<void>((resolve) => (end = resolve)));
    take.mockResolvedValueOnce(HELD);
    worker.wake();
    await jest.advanceTimersByTimeAsync(0);
    return end;
  }

  it('keeps what it still works on while it is told to stop, and nothing after its end', async () => {
    const end = await takenUp();
    const stopped = worker.beforeApplicationShutdown();
    await jest.advanceTimersByTimeAsync(1.5 * BEAT_MS);
    expect(renew.mock.calls.map(([, ids]) => ids)).toEqual([[HELD.id]]);
    end();
    await stopped;
    await jest.advanceTimersByTimeAsync(3 * BEAT_MS);
    expect(renew).toHaveBeenCalledTimes(1);
  });

  it('keeps what does not end until it gives it up', async () => {
    await takenUp();
    const stopped = worker.beforeApplicationShutdown();
    await jest.advanceTimersByTimeAsync(2.5 * BEAT_MS);
    await stopped;
    expect(advance.mock.calls[0]?.[1].aborted).toBe(true);
    expect(renew).toHaveBeenCalledTimes(2);
    await jest.advanceTimersByTimeAsync(3 * BEAT_MS);
    expect(renew).toHaveBeenCalledTimes(2);
  });

  it('waits at its end for a renewal that is under way', async () => {
    const end = await takenUp();
    let renewed: () => void = () => undefined;
    renew.mockReturnValue(new Promise<void>((resolve) => (renewed = resolve)));
    await jest.advanceTimersByTimeAsync(BEAT_MS);
    const order: string[] = [];
    const stopped = worker.beforeApplicationShutdown().then(() => order.push('stopped'));
    end();
    await jest.advanceTimersByTimeAsync(0);
    order.push('renewed');
    renewed();
    await stopped;
    expect(order).toEqual(['renewed', 'stopped']);
  });

  it("works in nobody's name, whoever has woken it", async () => {
    const seen: unknown[] = [];
    advance.mockImplementation(() => Promise.resolve(void seen.push(logContext())));
    take.mockResolvedValueOnce(HELD);
    withLogContext({ request_id: 'stranger', user_id: 7 }, () => worker.wake());
    await jest.advanceTimersByTimeAsync(0);
    expect(seen).toEqual([{}]);
    await worker.beforeApplicationShutdown();
  });
});
