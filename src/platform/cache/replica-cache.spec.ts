import { setTimeout as sleep } from 'node:timers/promises';
import { ReplicaCache } from './replica-cache.js';
import type { SharedTexts } from './shared-texts.js';

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** A Redis of one process. */
class Texts {
  readonly kept = new Map<string, string>();

  get(key: string): Promise<string | null> {
    return Promise.resolve(this.kept.get(key) ?? null);
  }

  set(key: string, text: string): Promise<void> {
    this.kept.set(key, text);
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.kept.delete(key);
    return Promise.resolve();
  }

  take(key: string): Promise<boolean> {
    const free = !this.kept.has(key);
    this.kept.set(key, '1');
    return Promise.resolve(free);
  }
}

const cacheOn = (texts: Texts, ttlMs = 60_000): ReplicaCache<number> =>
  new ReplicaCache(texts as unknown as SharedTexts, { name: 'test', ttlMs, isOurs: isNumber });

/** Counts how often it is called, and takes a moment each time. */
function counter() {
  let calls = 0;
  return async (): Promise<number> => {
    calls += 1;
    const call = calls;
    await sleep(20);
    return call;
  };
}

describe('A cache of replicas', () => {
  it('computes once for all who ask at once, and not again while the value is kept', async () => {
    const cache = cacheOn(new Texts());
    const compute = counter();
    const all = await Promise.all(Array.from({ length: 20 }, () => cache.of('a', compute)));
    expect(new Set(all.map(({ value }) => value))).toEqual(new Set([1]));
    expect(await cache.of('a', compute)).toEqual(all[0]);
    expect((await cache.of('b', compute)).value).toBe(2);
  });

  it('computes at every request when nothing is kept, still once for all who ask at once', async () => {
    const texts = new Texts();
    const cache = cacheOn(texts, 0);
    const compute = counter();
    const both = await Promise.all([cache.of('a', compute), cache.of('a', compute)]);
    expect(both.map(({ value }) => value)).toEqual([1, 1]);
    await sleep(5);
    expect((await cache.of('a', compute)).value).toBe(2);
  });

  it('answers with what another replica computes at the moment', async () => {
    const texts = new Texts();
    const compute = counter();
    const [one, other] = await Promise.all([cacheOn(texts).of('a', compute), cacheOn(texts).of('a', compute)]);
    expect(other).toEqual(one);
    expect((await cacheOn(texts).of('a', compute)).value).toBe(1);
  });

  it('computes after a second what another replica began and never ended', async () => {
    const texts = new Texts();
    await texts.take('test:a:turn');
    expect((await cacheOn(texts).of('a', counter())).value).toBe(1);
  });

  it('tells all who wait of a failure, and keeps none', async () => {
    const cache = cacheOn(new Texts());
    const fail = async (): Promise<number> => {
      await sleep(5);
      throw new Error('away');
    };
    const both = await Promise.allSettled([cache.of('a', fail), cache.of('a', fail)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await cache.of('a', counter())).value).toBe(1);
  });

  it('takes nothing from elsewhere that is too old, from the future, or no value of its own', async () => {
    const now = Date.now();
    const entry = (value: unknown, at: number) => ({ value: { value, at }, expires: now + 60_000 });
    const odd = [entry(7, now - 61_000), entry(7, now + 120_000), entry('7', now), { value: 7 }, [], 'text', null];
    for (const each of [...odd.map((one) => JSON.stringify(one)), '{', '']) {
      const texts = new Texts();
      texts.kept.set('test:a', each);
      expect((await cacheOn(texts).of('a', counter())).value).toBe(1);
    }
    const texts = new Texts();
    texts.kept.set('test:a', JSON.stringify(entry(7, now)));
    expect(await cacheOn(texts).of('a', counter())).toEqual({ value: 7, at: now });
  });
});
