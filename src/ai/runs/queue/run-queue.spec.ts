import { jest } from '@jest/globals';
import type { JobQueue } from '../../../platform/database/job-queue.js';
import type { RunId } from '../run.types.js';
import { BATCH_QUEUE, type RunJob, RunQueue, runsOf } from './run-queue.js';

/** The jobs that so many runs are sent as, the first of them at this turn. */
async function jobsOf(count: number, turn: number) {
  const sendAll = jest.fn<(queue: string, jobs: { data: RunJob; priority: number }[]) => Promise<void>>();
  const queue = new RunQueue({ sendAll } as unknown as JobQueue, {} as never);
  await queue.enqueueInTurn(
    Array.from({ length: count }, (_, n) => (100 + n) as RunId),
    turn,
  );
  const [name, jobs] = sendAll.mock.calls[0]!;
  expect(name).toBe(BATCH_QUEUE);
  return jobs;
}

describe('The jobs of a batch', () => {
  it('are one for each run, in turn, as long as they are few', async () => {
    expect(await jobsOf(3, 7)).toEqual([
      { data: { run_ids: [100] }, priority: -8 },
      { data: { run_ids: [101] }, priority: -9 },
      { data: { run_ids: [102] }, priority: -10 },
    ]);
  });

  it.each([50, 51, 499, 500, 1234])('name %i runs once each, in order, and up to ten each', async (count) => {
    const jobs = await jobsOf(count, 0);
    expect(Math.max(...jobs.map(({ data }) => runsOf(data).length))).toBe(Math.min(10, Math.ceil(count / 50)));
    const ids = jobs.flatMap(({ data }) => runsOf(data));
    expect(ids).toEqual(Array.from({ length: count }, (_, n) => 100 + n));
    expect(jobs.map(({ priority }) => priority)).toEqual(jobs.map(({ data }) => -1 - (runsOf(data)[0]! - 100)));
  });
});
