import { jest } from '@jest/globals';
import type { PinoLogger } from 'nestjs-pino';
import type { Config } from '../../../platform/config/config.js';
import type { RunExecutor } from '../execution/run-executor.js';
import type { RunId } from '../run.types.js';
import { RunLeases } from './run-leases.js';
import type { RunLeasesRepository } from './run-leases.repository.js';
import type { RunRecovery } from './run-recovery.js';

const BEAT_MS = 10_000;

describe('the leases of a process', () => {
  const recover = jest.fn<RunRecovery['recover']>();
  const renew = jest.fn(() => Promise.resolve());
  let expired: RunId[] | Error;
  let leases: RunLeases;

  const findExpired = (): Promise<RunId[]> =>
    expired instanceof Error ? Promise.reject(expired) : Promise.resolve(expired);
  const leasesOn = (url: string | undefined): RunLeases =>
    new RunLeases(
      { database: { url } } as Config,
      { renew, findExpired, expireOthers: () => Promise.resolve() } as unknown as RunLeasesRepository,
      { heldRuns: () => [7] } as unknown as RunExecutor,
      { recover } as unknown as RunRecovery,
      { warn: () => undefined } as unknown as PinoLogger,
    );

  beforeEach(async () => {
    jest.useFakeTimers();
    jest.clearAllMocks();
    expired = [];
    leases = leasesOn('postgres://x');
    await leases.onApplicationBootstrap();
  });
  afterEach(() => jest.useRealTimers());

  it('are renewed at every beat, also while a recovery does not come to its end', async () => {
    let end: () => void = () => undefined;
    recover.mockReturnValue(new Promise<void>((resolve) => (end = resolve)));
    expired = [1 as RunId];
    await jest.advanceTimersByTimeAsync(3 * BEAT_MS);
    expect([renew.mock.calls.length, recover.mock.calls.length]).toEqual([3, 1]);
    end();
    await leases.beforeApplicationShutdown();
  });

  it('that cannot be recovered now leave the others to be recovered', async () => {
    recover.mockRejectedValueOnce(new Error('no')).mockResolvedValue();
    expired = [1 as RunId, 2 as RunId];
    await jest.advanceTimersByTimeAsync(BEAT_MS);
    expect(recover.mock.calls).toEqual([[1], [2]]);
    await leases.beforeApplicationShutdown();
  });

  it('are not recovered any more once the process is to end', async () => {
    expired = [1, 2, 3, 4, 5, 6] as RunId[];
    let ending: Promise<void> = Promise.resolve();
    recover.mockImplementation(() => {
      ending = leases.beforeApplicationShutdown();
      return Promise.resolve();
    });
    await jest.advanceTimersByTimeAsync(BEAT_MS);
    await ending;
    expect(recover).toHaveBeenCalledTimes(5);
  });

  it('are looked through again right after a recovery that took long', async () => {
    recover.mockImplementationOnce(() => new Promise((resolve) => setTimeout(resolve, 2.5 * BEAT_MS)));
    expired = [1 as RunId];
    await jest.advanceTimersByTimeAsync(BEAT_MS);
    expired = [2 as RunId];
    await jest.advanceTimersByTimeAsync(3 * BEAT_MS);
    expect(recover.mock.calls).toEqual([[1], [2]]);
    await leases.beforeApplicationShutdown();
  });

  it('that ended while the database was away are left to those who hold them, for a beat', async () => {
    recover.mockResolvedValue();
    expired = new Error('away');
    await jest.advanceTimersByTimeAsync(3 * BEAT_MS);
    expired = [1 as RunId];
    await jest.advanceTimersByTimeAsync(BEAT_MS);
    expect(recover).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(BEAT_MS);
    expect(recover.mock.calls).toEqual([[1]]);
    await leases.onApplicationShutdown();
  });

  it('of runs that are worked on here are renewed, whatever became of them, and never taken over', async () => {
    recover.mockResolvedValue();
    expired = [7 as RunId, 1 as RunId];
    await jest.advanceTimersByTimeAsync(BEAT_MS);
    expect(recover.mock.calls).toEqual([[1]]);
    await leases.onApplicationShutdown();
  });

  it('are looked through at the very start where no other process can hold any, and not where one may', async () => {
    recover.mockResolvedValue();
    expired = [1 as RunId];
    const shared = leasesOn('postgres://x');
    await shared.onApplicationBootstrap();
    expect(recover).not.toHaveBeenCalled();
    const alone = leasesOn(undefined);
    await alone.onApplicationBootstrap();
    expect(recover.mock.calls).toEqual([[1]]);
    for (const one of [shared, alone]) await one.onApplicationShutdown();
  });

  it('hold as long as a shutdown waits for the runs', async () => {
    await leases.beforeApplicationShutdown();
    await jest.advanceTimersByTimeAsync(2 * BEAT_MS);
    expect(renew).toHaveBeenCalledTimes(2);
    await leases.onApplicationShutdown();
    await jest.advanceTimersByTimeAsync(2 * BEAT_MS);
    expect(renew).toHaveBeenCalledTimes(2);
  });
});
