import type { QueuedRun } from '../ledger/run-claims.repository.js';
import type { RunId } from '../run.types.js';
import { type FetchedJob, type FetchedRun, RunBacklog } from './run-backlog.js';

const jobOf = (...ids: number[]) => ({ data: { run_ids: ids } }) as unknown as FetchedJob;
const queuedOf = (...ids: number[]) =>
  new Map(ids.map((id) => [id as RunId, { run: { id } } as unknown as QueuedRun] as const));
const idsOf = (runs: readonly FetchedRun[]) => runs.map(({ queued }) => queued.run.id);

describe('A backlog of runs', () => {
  let backlog: RunBacklog;

  beforeEach(() => void (backlog = new RunBacklog('runs')));

  it('gives them in the order of their jobs, and is done with a job at the last of its runs, whichever that is', () => {
    const [one, two] = [jobOf(1, 2, 3), jobOf(4)];
    backlog.add([one, two], queuedOf(1, 2, 3, 4));
    const first = backlog.take(1);
    const rest = backlog.take(10);
    expect([idsOf(first), idsOf(rest), backlog.length]).toEqual([[1], [2, 3, 4], 0]);
    backlog.markBegun(rest);
    expect(backlog.done).toEqual([two]);
    backlog.markBegun(first);
    expect(backlog.done).toEqual([two, one]);
  });

  it('takes back what has found no place, as the next', () => {
    backlog.add([jobOf(1, 2, 3)], queuedOf(1, 2, 3));
    const [, second] = backlog.take(2);
    backlog.putBack([second!]);
    expect(idsOf(backlog.take(2))).toEqual([2, 3]);
  });

  it('does not take back what has gone back to the queue', () => {
    const job = jobOf(1, 2);
    backlog.add([job], queuedOf(1, 2));
    const first = backlog.take(1);
    expect(backlog.giveUpSince(Date.now())).toEqual([job]);
    backlog.putBack(first);
    expect(backlog.length).toBe(0);
  });

  it('is without those that are queued no more; a job that has only such is done', () => {
    const [one, two] = [jobOf(1, 2), jobOf(3)];
    backlog.add([one, two], queuedOf(2));
    expect(backlog.done).toEqual([two]);
    backlog.markBegun(backlog.take(5));
    expect(backlog.done).toEqual([two, one]);
  });

  it('gives up jobs with all that waits of them, once', () => {
    const [one, two] = [jobOf(1, 2, 3), jobOf(4)];
    backlog.add([one, two], queuedOf(1, 2, 3, 4));
    const [failed, begun] = [backlog.take(1), backlog.take(1)];
    expect(backlog.giveUp(failed)).toEqual([one]);
    backlog.markBegun(begun);
    expect(backlog.giveUp(begun)).toEqual([]);
    expect([backlog.done, backlog.length]).toEqual([[], 1]);
    expect(backlog.giveUpSince(Date.now())).toEqual([two]);
    expect(backlog.length).toBe(0);
  });

  it('asks for few jobs as long as they may name many runs', () => {
    expect(backlog.jobsFor(25)).toBe(3);
    backlog.add([jobOf(1)], queuedOf());
    expect(backlog.jobsFor(25)).toBe(5);
    backlog.add([jobOf(2), jobOf(3), jobOf(4), jobOf(5)], queuedOf());
    expect(backlog.jobsFor(25)).toBe(25);
    backlog.add([jobOf(6, 7, 8, 9, 10)], queuedOf());
    expect(backlog.jobsFor(25)).toBe(5);
  });
});
