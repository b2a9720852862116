import type { QueuedJob } from '../../../platform/database/job-queue.js';
import type { QueuedRun } from '../ledger/run-claims.repository.js';
import type { RunId } from '../run.types.js';
import { FetchedRuns } from './fetched-runs.js';
import type { RunJob } from './run-queue.js';

const jobOf = (...ids: number[]) => ({ data: { run_ids: ids } }) as unknown as QueuedJob<RunJob>;
const queuedOf = (...ids: number[]) =>
  new Map(ids.map((id) => [id as RunId, { run: { id } } as unknown as QueuedRun] as const));
const idsOf = (runs: ReturnType<FetchedRuns['take']>) => runs.map(({ queued }) => queued.run.id);

describe('Fetched runs', () => {
  it('come in the order of their jobs, and end a job with the last of its runs, whichever that is', () => {
    const fetched = new FetchedRuns();
    const [one, two] = [jobOf(1, 2, 3), jobOf(4)];
    expect(fetched.add([one, two], queuedOf(1, 2, 3, 4))).toEqual([]);
    const first = fetched.take(1);
    const rest = fetched.take(10);
    expect([idsOf(first), idsOf(rest), fetched.length]).toEqual([[1], [2, 3, 4], 0]);
    expect(fetched.begun(rest)).toEqual([two]);
    expect(fetched.begun(first)).toEqual([one]);
  });

  it('are without those that are queued no more; a job that has only such is done', () => {
    const fetched = new FetchedRuns();
    const [one, two] = [jobOf(1, 2), jobOf(3)];
    expect(fetched.add([one, two], queuedOf(2))).toEqual([two]);
    expect(fetched.begun(fetched.take(5))).toEqual([one]);
  });

  it('go back with all that waits of their jobs, once', () => {
    const fetched = new FetchedRuns();
    const [one, two] = [jobOf(1, 2, 3), jobOf(4)];
    fetched.add([one, two], queuedOf(1, 2, 3, 4));
    const [failed, begun] = [fetched.take(1), fetched.take(1)];
    expect(fetched.drop(failed)).toEqual([one]);
    expect(fetched.begun(begun)).toEqual([]);
    expect(fetched.drop(begun)).toEqual([]);
    expect(fetched.length).toBe(1);
    expect(fetched.drop()).toEqual([two]);
  });

  it('are asked for by as many jobs as named so many the last time', () => {
    const fetched = new FetchedRuns();
    expect(fetched.jobsFor(7)).toBe(7);
    fetched.add([jobOf(1, 2, 3, 4), jobOf(5, 6)], queuedOf());
    expect(fetched.jobsFor(7)).toBe(3);
    fetched.add([], queuedOf());
    expect(fetched.jobsFor(7)).toBe(3);
  });
});
