import { setTimeout as sleep } from 'node:timers/promises';
import type { UserId } from '../../../identity/user-id.js';
import type { Lifecycle } from '../../../platform/health/lifecycle.js';
import type { Run, RunEvent, RunId } from '../run.types.js';
import { LiveRun } from './live-run.js';
import { LiveRuns } from './live-runs.js';
import type { RunEventsRepository } from './run-events.repository.js';
import { RunFollower } from './run-follower.js';

const RUN = { id: 1, status: 'running' } as unknown as Run;
const ENDED = { ...RUN, status: 'succeeded' } as Run;
const event = (sequence: number, name: RunEvent['name'] = 'delta'): RunEvent => ({
  sequence,
  name,
  data: `{"n":${sequence}}`,
});

describe('A follower', () => {
  it('does not sleep through an end that comes while it reads what is stored', async () => {
    const live = new LiveRun(RUN);
    const runs = new LiveRuns();
    runs.add(live);
    const stored: RunEvent[] = [];
    const repository = {
      // The end is recorded after the database was asked, and before its answer is here.
      findAfter: async (_owner: UserId, _id: RunId, after: number) => {
        const found = stored.filter(({ sequence }) => sequence > after);
        if (stored.length === 0) {
          stored.push(event(2, 'succeeded'));
          live.advance(ENDED, stored);
          live.end(ENDED);
          await sleep(1);
        }
        return found;
      },
      findPosition: () => Promise.resolve({ last: 1, status: 'running' }),
    } as unknown as RunEventsRepository;
    const follower = new RunFollower(runs, repository, { stopping: false } as Lifecycle);
    const events = await follower.follow(1 as UserId, RUN.id, 1, 'after');
    const next = await Promise.race([events.next(), sleep(1000, 'late')]);
    expect(next).toEqual({ done: false, value: 'id: 2\nevent: succeeded\ndata: {"n":2}\n\n' });
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(live.watched).toBe(false);
  });

  it('joins a run that comes to be worked on here while it is followed', async () => {
    const runs = new LiveRuns();
    const live = new LiveRun(RUN);
    const stored = [event(1, 'run')];
    const repository = {
      findAfter: (_owner: UserId, _id: RunId, after: number) =>
        Promise.resolve(stored.filter(({ sequence }) => sequence > after)),
      findPosition: () => Promise.resolve({ last: 1, status: 'queued' }),
    } as unknown as RunEventsRepository;
    const follower = new RunFollower(runs, repository, { stopping: false } as Lifecycle);
    const events = await follower.follow(1 as UserId, RUN.id, 0, 'after');
    await events.next();
    runs.add(live);
    const second = events.next();
    while (!live.watched) await sleep(5);
    live.advance(RUN, [event(2)]);
    expect(await second).toEqual({ done: false, value: 'id: 2\nevent: delta\ndata: {"n":2}\n\n' });
    await events.return(undefined);
    expect(live.watched).toBe(false);
  });

  it('asks the database as one, however many follow a run that another process works on', async () => {
    const stored = [event(1, 'run')];
    let looks = 0;
    const repository = {
      findAfter: (_owner: UserId, _id: RunId, after: number) => {
        looks += 1;
        if (looks < 3) return Promise.resolve([]);
        if (looks === 3) stored.push(event(2), event(3, 'succeeded'));
        return Promise.resolve(stored.filter(({ sequence }) => sequence > after));
      },
      findPosition: () => Promise.resolve({ last: 1, status: 'running' }),
    } as unknown as RunEventsRepository;
    const follower = new RunFollower(new LiveRuns(), repository, { stopping: false } as Lifecycle);
    const read = async (): Promise<string[]> => {
      const frames: string[] = [];
      for await (const frame of await follower.follow(1 as UserId, RUN.id, 1, 'after')) frames.push(frame);
      return frames;
    };
    const all = await Promise.all(Array.from({ length: 100 }, read));
    const whole = ['id: 2\nevent: delta\ndata: {"n":2}\n\n', 'id: 3\nevent: succeeded\ndata: {"n":3}\n\n'];
    expect(all).toEqual(Array.from({ length: 100 }, () => whole));
    expect(looks).toBe(3);
  });

  it('reads what is stored page by page without a pause, though a page is filled by bytes before it has all its events', async () => {
    const last = 40;
    const stored = Array.from({ length: last }, (_, n) => event(n + 1, n + 1 === last ? 'succeeded' : 'delta'));
    const repository = {
      findAfter: (_owner: UserId, _id: RunId, after: number) => Promise.resolve(stored.slice(after, after + 1)),
      findPosition: () => Promise.resolve({ last, status: 'succeeded' }),
    } as unknown as RunEventsRepository;
    const follower = new RunFollower(new LiveRuns(), repository, { stopping: false } as Lifecycle);
    const read = async (): Promise<number> => {
      let frames = 0;
      for await (const _ of await follower.follow(1 as UserId, RUN.id, 0, 'after')) frames += 1;
      return frames;
    };
    // A pause after each page would make it 8 s.
    expect(await Promise.race([read(), sleep(2000, 'late', { ref: false })])).toBe(last);
  });
});
