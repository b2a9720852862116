import { setImmediate as nextTurn } from 'node:timers/promises';
import { logContext, withLogContext } from '../logging/log-context.js';
import { Lane } from './lane.js';

describe('A lane', () => {
  it('does its work once more for all who asked while it was under way, and never twice at a time', async () => {
    let [times, underWay, most] = [0, 0, 0];
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const lane = new Lane(async () => {
      times += 1;
      most = Math.max(most, (underWay += 1));
      await gate;
      underWay -= 1;
    });
    for (let n = 0; n < 10; n += 1) lane.run();
    await nextTurn();
    for (let n = 0; n < 10; n += 1) lane.run();
    go();
    await lane.idle();
    expect([times, most]).toEqual([2, 1]);
  });

  it('does its work as often at once as it may, and once more for all who asked meanwhile', async () => {
    let [times, underWay, most] = [0, 0, 0];
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const work = async () => {
      times += 1;
      most = Math.max(most, (underWay += 1));
      await gate;
      underWay -= 1;
    };
    const lane = new Lane(work, 3);
    for (let n = 0; n < 10; n += 1) lane.run();
    await nextTurn();
    expect([times, most]).toEqual([3, 3]);
    go();
    await lane.idle();
    expect([times, most, underWay]).toEqual([4, 3, 0]);
  });

  it('is idle only when that is done too which its work has asked for', async () => {
    let [times, underWay] = [0, 0];
    const lane: Lane = new Lane(async () => {
      underWay += 1;
      if ((times += 1) < 5) lane.run();
      for (let n = 0; n < times; n += 1) await nextTurn();
      underWay -= 1;
    }, 3);
    lane.run();
    await lane.idle();
    expect([times, underWay]).toEqual([5, 0]);
  });

  it('begins anew for whoever asks at the very moment of its end', async () => {
    let times = 0;
    const lane = new Lane(async () => {
      times += 1;
      if (times < 50) queueMicrotask(() => queueMicrotask(() => lane.run()));
      await Promise.resolve();
    });
    lane.run();
    for (let n = 0; n < 100; n += 1) await nextTurn();
    expect(times).toBe(50);
  });

  it('works in the name of whoever made it, whoever asks', async () => {
    const seen: unknown[] = [];
    const lane = withLogContext({ request_id: 'maker' }, () => {
      return new Lane(async () => {
        seen.push(logContext());
        await nextTurn();
        seen.push(logContext());
      });
    });
    const asker = withLogContext({ request_id: 'asker' }, () => (lane.run(), logContext()));
    await lane.idle();
    expect([asker, ...seen]).toEqual(['asker', 'maker', 'maker'].map((request_id) => ({ request_id })));
  });
});
