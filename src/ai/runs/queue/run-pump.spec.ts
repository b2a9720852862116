import { setImmediate as nextTurn } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { PinoLogger } from 'nestjs-pino';
import type { JobQueue, QueuedJob } from '../../../platform/database/job-queue.js';
import { logContext, withLogContext } from '../../../platform/logging/log-context.js';
import type { Release } from '../../claude/gateway/call-slots.js';
import type { RunExecutor } from '../execution/run-executor.js';
import type { RunClaimsRepository } from '../ledger/run-claims.repository.js';
import { CallPace } from './call-pace.js';
import { RunPump } from './run-pump.js';
import { BATCH_QUEUE, RUN_QUEUE } from './run-queue.js';
import type { RunResumption } from './run-resumption.js';

/** Lets everything happen that waits for nothing but its turn. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
}

/** Lets things happen until so many of them have. */
async function happened(list: readonly unknown[], count: number): Promise<void> {
  const deadline = performance.now() + 2000;
  while (list.length < count) {
    if (performance.now() > deadline) throw new Error(`Only ${list.length} of ${count} have happened`);
    await nextTurn();
  }
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

const fails = (): never => {
  throw new Error('the database is away');
};

/** So many places for calls. */
function placesOf(free: number) {
  let onFree: () => void = () => undefined;
  return {
    get freeSlots() {
      return free;
    },
    takeSlots: (most: number) => {
      const slots: Release[] = [];
      while (slots.length < most && free > 0) {
        free -= 1;
        slots.push(() => ((free += 1), onFree()));
      }
      return Promise.resolve(slots);
    },
    onFree: (listener: () => void) => (onFree = listener),
  };
}

interface Options {
  /** Runs that each job names. */
  perJob?: number;
  /** Runs that were asked for one by one, from 1000 on. */
  singles?: number;
  begin?: (ids: number[]) => void;
  isQueued?: (id: number) => boolean;
  complete?: () => void;
}

/** Pumps of the present test: one that goes on behind a failure would keep the process from its end. */
const pumps: RunPump[] = [];

afterEach(async () => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  for (const pump of pumps.splice(0)) await pump.beforeApplicationShutdown();
});

/** A pump with so many places and jobs; runs end when `release` is called. */
function pumpOf(places: number, jobs: number, options: Options = {}) {
  const { perJob = 1, singles = 0, begin = () => undefined, isQueued = () => true } = options;
  const job = (n: number) => {
    const ids = Array.from({ length: perJob }, (_, position) => n * perJob + position);
    return { id: `${n}`, data: { run_ids: ids } } as unknown as QueuedJob<unknown>;
  };
  const single = (n: number) => ({ id: `s${n}`, data: { run_id: n } }) as unknown as QueuedJob<unknown>;
  const left: Record<string, QueuedJob<unknown>[]> = {
    [RUN_QUEUE]: Array.from({ length: singles }, (_, n) => single(1000 + n)),
    [BATCH_QUEUE]: Array.from({ length: jobs }, (_, n) => job(n)),
  };
  /** What happens after the database has looked for jobs, and before its answer is here. */
  const answering: Record<string, (() => void)[]> = { [RUN_QUEUE]: [], [BATCH_QUEUE]: [] };
  const held: (() => void)[] = [];
  const seen = {
    fetched: [] as number[],
    fetchedSingle: [] as number[],
    begun: [] as number[],
    completed: 0,
    givenBack: 0,
    most: 0,
    claims: [] as number[],
    claimedAt: [] as number[],
    atOnce: 0,
    /** Of each line of the log, the message and whose it is. */
    lines: [] as [string, object][],
  };
  let claiming = 0;
  const onSent: Record<string, () => void> = {};
  const queue = {
    define: () => Promise.resolve(),
    onSent: (name: string, listener: () => void) => (onSent[name] = listener),
    fetch: async (name: string, count: number) => {
      const found = left[name]!.splice(0, count);
      (name === BATCH_QUEUE ? seen.fetched : seen.fetchedSingle).push(found.length);
      await Promise.resolve();
      answering[name]!.shift()?.();
      return found;
    },
    complete: async (_: string, done: unknown[]) => {
      options.complete?.();
      seen.completed += done.length;
    },
    giveBack: (_: string, back: unknown[]) => Promise.resolve((seen.givenBack += back.length)),
  };
  const claims = {
    findQueued: async (ids: number[]) => new Map(ids.filter(isQueued).map((id) => [id, { run: { id } }])),
  };
  const resumption = {
    begin: async (queued: { run: { id: number } }[], slots: Release[]) => {
      const ids = queued.map(({ run }) => run.id);
      seen.claims.push(ids.length);
      seen.claimedAt.push(performance.now());
      seen.atOnce = Math.max(seen.atOnce, (claiming += 1));
      await nextTurn();
      claiming -= 1;
      begin(ids);
      seen.begun.push(...ids);
      held.push(...slots);
      seen.most = Math.max(seen.most, held.length);
    },
  };
  const log = (_: unknown, message: string) => seen.lines.push([message, logContext()]);
  const logger = { warn: log, error: log };
  const pump = new RunPump(
    queue as unknown as JobQueue,
    placesOf(places) as unknown as RunExecutor,
    claims as unknown as RunClaimsRepository,
    resumption as unknown as RunResumption,
    logger as unknown as PinoLogger,
  );
  pumps.push(pump);
  const send = (n: number): void => {
    left[BATCH_QUEUE]!.push(job(n));
    onSent[BATCH_QUEUE]?.();
  };
  const sendSingle = (n: number): void => {
    left[RUN_QUEUE]!.push(single(n));
    onSent[RUN_QUEUE]?.();
  };
  return {
    pump,
    seen,
    release: () => held.shift()?.(),
    sent: () => onSent[BATCH_QUEUE]?.(),
    send,
    sendSingle,
    answering,
  };
}

describe('The pump of queued runs', () => {
  it('begins as many as there are places, and the next when one is free', async () => {
    const { pump, seen, release } = pumpOf(3, 10);
    await pump.onApplicationBootstrap();
    await turns();
    expect(seen.begun).toEqual([0, 1, 2]);
    release();
    await turns();
    expect(seen.begun).toEqual([0, 1, 2, 3]);
    for (let n = 0; n < 20; n += 1) {
      release();
      await turns();
    }
    await pump.beforeApplicationShutdown();
    expect(seen).toMatchObject({ begun: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], most: 3, completed: 10, givenBack: 0 });
  });

  it('looks again for a job that was sent while it looked', async () => {
    const { pump, seen, send, answering } = pumpOf(3, 0);
    answering[BATCH_QUEUE]!.push(() => send(5));
    await pump.onApplicationBootstrap();
    await turns();
    expect(seen.begun).toEqual([5]);
  });

  it('fetches ahead only when places become free quickly, and gives back at the end what it has not begun', async () => {
    // What becomes free does so within one moment, however slow this machine is.
    jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    const { pump, seen, release } = pumpOf(8, 100);
    await pump.onApplicationBootstrap();
    await turns();
    expect(sumOf(seen.fetched)).toBe(8);
    await happened(seen.begun, 8);
    release();
    await turns();
    expect(sumOf(seen.fetched)).toBe(9);
    for (let n = 0; n < 8; n += 1) release();
    await happened(seen.begun, 17);
    await turns();
    const fetched = sumOf(seen.fetched);
    expect(fetched).toBeGreaterThan(17);
    await pump.beforeApplicationShutdown();
    expect(seen).toMatchObject({ completed: 17, givenBack: fetched - 17 });
  });

  it('asks an empty queue for nothing, whatever becomes free, until it is told', async () => {
    const { pump, seen, release, sent } = pumpOf(3, 1);
    await pump.onApplicationBootstrap();
    await turns();
    release();
    await turns();
    expect(seen).toMatchObject({ fetched: [1, 0], fetchedSingle: [0] });
    sent();
    await turns();
    expect(seen).toMatchObject({ fetched: [1, 0, 0], fetchedSingle: [0] });
  });

  it('is done with a job when all of its runs are begun, and gives back the others', async () => {
    const { pump, seen, release } = pumpOf(4, 3, { perJob: 3 });
    await pump.onApplicationBootstrap();
    await turns();
    expect(seen.begun).toEqual([0, 1, 2, 3]);
    release();
    await turns();
    expect(seen.begun).toEqual([0, 1, 2, 3, 4]);
    await pump.beforeApplicationShutdown();
    expect(seen).toMatchObject({ completed: 1, givenBack: 1 });
  });

  it('is done with a job whose runs are queued no more, and begins none of them', async () => {
    const { pump, seen } = pumpOf(4, 2, { perJob: 2, isQueued: (id) => id === 1 });
    await pump.onApplicationBootstrap();
    await turns();
    await pump.beforeApplicationShutdown();
    expect(seen).toMatchObject({ begun: [1], completed: 2, givenBack: 0 });
  });

  it('begins what was asked for alone before the runs of batches, also before those that wait here', async () => {
    const { pump, seen, release, sendSingle } = pumpOf(2, 3, { perJob: 5, singles: 1 });
    await pump.onApplicationBootstrap();
    await turns();
    expect(seen.begun).toEqual([1000, 0]);
    sendSingle(1001);
    await turns();
    expect(seen.begun).toEqual([1000, 0]);
    release();
    await turns();
    expect(seen.begun).toEqual([1000, 0, 1001]);
    await pump.beforeApplicationShutdown();
    expect(seen).toMatchObject({ completed: 2, givenBack: 1 });
  });

  it('begins no run of a batch while it is fetching what was asked for alone, whatever becomes free meanwhile', async () => {
    const { pump, seen, release, sendSingle, answering } = pumpOf(2, 3, { perJob: 5 });
    await pump.onApplicationBootstrap();
    await turns();
    expect(seen.begun).toEqual([0, 1]);
    answering[RUN_QUEUE]!.push(release);
    sendSingle(1000);
    sendSingle(1001);
    release();
    await turns();
    expect(seen.begun.slice(0, 4)).toEqual([0, 1, 1000, 1001]);
  });

  it('gives back what has waited here for too long, since another process may have a place', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const { pump, seen } = pumpOf(1, 1, { perJob: 3 });
    await pump.onApplicationBootstrap();
    await turns();
    jest.advanceTimersByTime(1000);
    await turns();
    expect(seen).toMatchObject({ begun: [0], givenBack: 0 });
    jest.advanceTimersByTime(1000);
    await turns();
    expect(seen).toMatchObject({ begun: [0], completed: 0, givenBack: 1 });
  });

  it('claims beside each other, each a share of what is free', async () => {
    const { pump, seen } = pumpOf(8, 1, { perJob: 8 });
    await pump.onApplicationBootstrap();
    await turns();
    expect(seen).toMatchObject({ claims: [4, 2, 1, 1], atOnce: 2, most: 8 });
  });

  it('spreads a crowd: it begins a few, and the others a moment later', async () => {
    const { pump, seen } = pumpOf(50, 10, { perJob: 10 });
    await pump.onApplicationBootstrap();
    await happened(seen.begun, 50);
    const [first, , third] = seen.claimedAt;
    expect(seen.claims.slice(0, 3)).toEqual([5, 5, 5]);
    expect(third! - first!).toBeGreaterThanOrEqual(9);
    expect(seen).toMatchObject({ atOnce: 2, most: 50 });
  });

  it('lets nobody who asked for one run wait for a crowd of them', async () => {
    const paused = jest.spyOn(CallPace.prototype, 'pauseAfter');
    const { pump, seen } = pumpOf(50, 0, { singles: 50 });
    await pump.onApplicationBootstrap();
    await happened(seen.begun, 50);
    expect(paused).not.toHaveBeenCalled();
  });

  it.each(['isQueued', 'begin'] as const)(
    'gives the jobs back of runs that could not be taken up: %s',
    async (step) => {
      const { pump, seen } = pumpOf(2, 1, { perJob: 2, [step]: fails });
      await pump.onApplicationBootstrap();
      await turns();
      await pump.beforeApplicationShutdown();
      expect(seen).toMatchObject({ begun: [], completed: 0, givenBack: 1 });
    },
  );

  it.each(['isQueued', 'begin', 'complete'] as const)(
    "tells in nobody's name what has failed, whose job it was told of or whose place became free: %s",
    async (step) => {
      const { pump, seen, send, sendSingle } = pumpOf(2, 0, { [step]: fails });
      await pump.onApplicationBootstrap();
      await turns();
      withLogContext({ request_id: 'stranger', user_id: 7 }, () => (send(1), sendSingle(2)));
      await turns();
      await pump.beforeApplicationShutdown();
      expect(seen.lines.length).toBeGreaterThan(0);
      expect(seen.lines.filter(([, of]) => Object.keys(of).length > 0)).toEqual([]);
    },
  );
});
