import { CallSlots, OverloadedError, type Release } from './call-slots.js';

const never = new AbortController().signal;
const outcome = (promise: Promise<unknown>) =>
  Promise.race([
    promise.then(
      () => 'taken',
      (error: Error) => error.message,
    ),
    pause(20).then(() => 'waiting'),
  ]);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Slots that are all taken, and as many waiting as may wait. */
async function fullHouse(signal: AbortSignal) {
  const slots = new CallSlots(1);
  const release = await slots.acquire(never);
  const waiting = Array.from({ length: 1000 }, () => slots.acquire(signal));
  for (const each of waiting) each.catch(() => undefined);
  return { slots, release, waiting };
}

describe('Places for calls', () => {
  it('are told of when they are free, and not when they pass to one who waits', async () => {
    const slots = new CallSlots(1);
    let told = 0;
    slots.onFree(() => (told += 1));
    const first = await slots.acquire(never);
    const second = slots.acquire(never);
    first();
    const release = await second;
    await pause(0);
    expect(told).toBe(0);
    release();
    await pause(0);
    expect([told, slots.free]).toEqual([1, 1]);
  });

  it('are given at once while there are any, and in turn afterwards', async () => {
    const slots = new CallSlots(2);
    const [first, second] = [await slots.acquire(never), await slots.acquire(never)];
    expect(slots.free).toBe(0);
    const order: number[] = [];
    const waiting = [1, 2, 3].map((number) => slots.acquire(never).then((release) => (order.push(number), release)));
    expect(await outcome(Promise.any(waiting))).toBe('waiting');
    first();
    second();
    const releases = await Promise.all(waiting.slice(0, 2));
    expect(order).toEqual([1, 2]);
    for (const release of releases) release();
    (await waiting[2]!)();
    await pause(0);
    expect([order, slots.free]).toEqual([[1, 2, 3], 2]);
  });

  it('are given back once, however often one says so', async () => {
    const slots = new CallSlots(1);
    const release = await slots.acquire(never);
    release();
    release();
    const next = await slots.acquire(never);
    release();
    expect(await outcome(slots.acquire(never))).toBe('waiting');
    next();
  });

  it('can be waited for by so many and no more', async () => {
    const { slots } = await fullHouse(never);
    expect(() => slots.refuseWhenFull()).toThrow(OverloadedError);
    await expect(slots.acquire(never)).rejects.toThrow(OverloadedError);
  });

  it('are free in the queue again at once when those who waited gave up', async () => {
    const giveUp = new AbortController();
    const { slots, release, waiting } = await fullHouse(giveUp.signal);
    giveUp.abort(new Error('gave up'));
    const results = await Promise.allSettled(waiting);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(() => slots.refuseWhenFull()).not.toThrow();
    const patient = slots.acquire(never);
    expect(await outcome(patient)).toBe('waiting');
    release();
    expect(await outcome(patient)).toBe('taken');
    expect(slots.free).toBe(0);
    (await patient)();
    await pause(0);
    expect(slots.free).toBe(1);
  });

  it('stay taken when the signal of their holder aborts later', async () => {
    const slots = new CallSlots(1);
    const holder = new AbortController();
    const release: Release = await slots.acquire(holder.signal);
    holder.abort(new Error('later'));
    expect(slots.free).toBe(0);
    release();
    await pause(0);
    expect(slots.free).toBe(1);
  });

  it('are not given to those who had given up before they asked', async () => {
    const slots = new CallSlots(1);
    await expect(slots.acquire(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    expect(slots.free).toBe(1);
  });
});
