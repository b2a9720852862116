import { LiveRun } from './live-run.js';
import { LiveRuns } from './live-runs.js';
import type { Run, RunEvent } from '../run.types.js';

const RUN = { id: 1, status: 'running' } as unknown as Run;
const ENDED = { ...RUN, status: 'succeeded' } as Run;
const event = (sequence: number, name: RunEvent['name'] = 'delta'): RunEvent => ({
  sequence,
  name,
  data: `{"n":${sequence}}`,
});
const pause = (ms: number) => new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), ms));
/** Wakers that a live run still holds. */
const wakersOf = (live: LiveRun) => (live as unknown as { wakers: Set<unknown> }).wakers.size;

describe('A live run', () => {
  it('gives each reader the events behind the last one it has', () => {
    const live = new LiveRun(RUN);
    expect([live.firstSequence, live.eventsAfter(0)]).toEqual([Number.MAX_SAFE_INTEGER, []]);
    live.advance(RUN, [event(3), event(4)]);
    live.advance(ENDED, [event(5, 'succeeded')]);
    expect(live.firstSequence).toBe(3);
    const after = (sequence: number) => live.eventsAfter(sequence).map((each) => each.sequence);
    expect([after(2), after(3), after(4), after(5), after(9)]).toEqual([[3, 4, 5], [4, 5], [5], [], []]);
    expect(live.run).toBe(ENDED);
  });

  it('tells who waits that something changed', async () => {
    const live = new LiveRun(RUN);
    const told = [live.changed(5000), live.changed(5000)];
    live.advance(RUN, [event(1)]);
    expect(await Promise.all(told)).toEqual([true, true]);
    expect(wakersOf(live)).toBe(0);
  });

  it('tells who waits too long that nothing did, and forgets about it', async () => {
    const live = new LiveRun(RUN);
    expect(await live.changed(5)).toBe(false);
    expect(wakersOf(live)).toBe(0);
  });

  it('tells at once of a change since one last looked', async () => {
    const live = new LiveRun(RUN);
    const before = live.revision;
    live.advance(RUN, []);
    expect(await Promise.race([live.changed(5000, before), pause(50)])).toBe(true);
    expect(await Promise.race([live.changed(1000, live.revision), pause(20)])).toBe('late');
    live.end(ENDED);
    expect(wakersOf(live)).toBe(0);
  });

  it('settles once its end is recorded', async () => {
    const live = new LiveRun(RUN);
    expect([live.ended, await Promise.race([live.whenSettled(), pause(5)])]).toEqual([false, 'late']);
    live.end(ENDED);
    live.abandon(new Error('ignored'));
    expect([live.ended, await live.whenSettled()]).toEqual([true, ENDED]);
  });

  it('tells those who wait when its end cannot be recorded, and troubles nobody else', async () => {
    const live = new LiveRun(RUN);
    const changed = live.changed(5000);
    live.abandon(new Error('lost'));
    await pause(5);
    expect(await changed).toBe(true);
    await expect(live.whenSettled()).rejects.toThrow('lost');
  });

  it('is watched as long as there are readers', () => {
    const live = new LiveRun(RUN);
    const [first, second] = [live.join(), live.join()];
    first();
    expect(live.watched).toBe(true);
    second();
    expect(live.watched).toBe(false);
  });
});

describe('Live runs', () => {
  it('are found while they are worked on; a newer one of the same id is not removed with the older', () => {
    const runs = new LiveRuns();
    const [older, newer] = [new LiveRun(RUN), new LiveRun(RUN)];
    runs.add(older);
    runs.add(newer);
    runs.remove(older);
    expect([runs.find(RUN.id), runs.ids()]).toEqual([newer, [RUN.id]]);
    runs.remove(newer);
    expect([runs.find(RUN.id), runs.ids()]).toEqual([undefined, []]);
  });
});
