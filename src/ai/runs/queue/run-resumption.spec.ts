import { jest } from '@jest/globals';
import type { PinoLogger } from 'nestjs-pino';
import { DatabaseUnavailableError } from '../../../platform/errors/platform.errors.js';
import type { Lifecycle } from '../../../platform/health/lifecycle.js';
import type { RunExecutor } from '../execution/run-executor.js';
import type { QueuedRun, RunClaimsRepository } from '../ledger/run-claims.repository.js';
import type { Run, RunId } from '../run.types.js';
import { RunResumption } from './run-resumption.js';

const ID = 3 as RunId;
const QUEUED: QueuedRun = { run: { id: ID } as Run, fence: 1, lastEvent: 1 };
const AWAY = new DatabaseUnavailableError();

/** Claims that fail so often with their answers lost, and what was started with how many places given back. */
function setUp(lost: number, { stopping = false, error = AWAY as Error } = {}) {
  const times: Date[] = [];
  const claimAll = jest.fn((_queued: readonly QueuedRun[], _worker: string, at: Date) => {
    times.push(at);
    if (times.length <= lost) return Promise.reject(error);
    return Promise.resolve(new Map([[ID, { ...QUEUED, fence: 2, cancelRequested: false }]]));
  });
  const findQueued = () => Promise.resolve(new Map());
  const [start, warn] = [jest.fn(), jest.fn()];
  const resumption = new RunResumption(
    { claimAll, findQueued } as unknown as RunClaimsRepository,
    { start } as unknown as RunExecutor,
    {} as never,
    { stopping } as Lifecycle,
    { warn } as unknown as PinoLogger,
  );
  return { resumption, times, start, warn };
}

describe('The resumption of queued runs', () => {
  beforeEach(() => void jest.useFakeTimers({ advanceTimers: 100 }));
  afterEach(() => void jest.useRealTimers());

  it('claims again, as the same claim, where the answer of the database is lost', async () => {
    const { resumption, times, start, warn } = setUp(2);
    const release = jest.fn();
    await resumption.begin([QUEUED], [release]);
    expect(times).toHaveLength(3);
    expect(new Set(times.map(Number)).size).toBe(1);
    expect(start.mock.calls).toEqual([[{ id: ID }, 2, release, [], 1]]);
    expect(release).not.toHaveBeenCalled();
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it('never claims twice under the same name, however quickly one claim follows the other', async () => {
    jest.useFakeTimers({ now: 1_800_000_000_000 });
    const { resumption, times } = setUp(0);
    await Promise.all([resumption.begin([QUEUED], []), resumption.begin([QUEUED], [])]);
    await resumption.begin([QUEUED], []);
    expect(new Set(times.map(Number)).size).toBe(3);
  });

  it('gives it up once the process is to end, and the places back', async () => {
    const { resumption, start } = setUp(1, { stopping: true });
    const release = jest.fn();
    await expect(resumption.begin([QUEUED], [release])).rejects.toBe(AWAY);
    expect([start.mock.calls.length, release.mock.calls.length]).toEqual([0, 1]);
  });

  it('does not ask again what the database has refused', async () => {
    const error = new Error('a defect');
    const { resumption, times } = setUp(1, { error });
    const release = jest.fn();
    await expect(resumption.begin([QUEUED], [release])).rejects.toBe(error);
    expect([times.length, release.mock.calls.length]).toEqual([1, 1]);
  });
});
