import { jest } from '@jest/globals';
import { DatabaseUnavailableError } from '../../../platform/errors/platform.errors.js';
import type { RunClaimsRepository } from '../ledger/run-claims.repository.js';
import type { Run, RunId } from '../run.types.js';
import type { RunExecutor } from './run-executor.js';
import { RunResumption } from './run-resumption.js';

const ID = 3 as RunId;
const AWAY = new DatabaseUnavailableError();

/** Claims that fail so often with their answers lost, and what was started with how many places given back. */
function setUp(lost: number, stopping = false) {
  const times: Date[] = [];
  const claimAll = jest.fn((_ids: readonly RunId[], _worker: string, at: Date) => {
    times.push(at);
    if (times.length <= lost) return Promise.reject(AWAY);
    return Promise.resolve(new Map([[ID, { run: { id: ID } as Run, fence: 2, cancelRequested: false, lastEvent: 1 }]]));
  });
  const findQueued = () => Promise.resolve([]);
  const start = jest.fn();
  const resumption = new RunResumption(
    {} as never,
    { claimAll, findQueued } as unknown as RunClaimsRepository,
    {} as never,
    {} as never,
    { start, stopping } as unknown as RunExecutor,
    {} as never,
  );
  return { resumption, times, start };
}

describe('The resumption of queued runs', () => {
  beforeEach(() => void jest.useFakeTimers({ advanceTimers: 100 }));
  afterEach(() => void jest.useRealTimers());

  it('claims again, as the same claim, where the answer of the database is lost', async () => {
    const { resumption, times, start } = setUp(2);
    const release = jest.fn();
    await resumption.begin([ID], [release]);
    expect(times).toHaveLength(3);
    expect(new Set(times.map(Number)).size).toBe(1);
    expect(start.mock.calls).toEqual([[{ id: ID }, 2, release, [], 1]]);
    expect(release).not.toHaveBeenCalled();
  });

  it('gives it up once the process is to end, and the places back', async () => {
    const { resumption, start } = setUp(1, true);
    const release = jest.fn();
    await expect(resumption.begin([ID], [release])).rejects.toBe(AWAY);
    expect([start.mock.calls.length, release.mock.calls.length]).toEqual([0, 1]);
  });
});
