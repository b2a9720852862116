import { SharedLooks } from './shared-looks.js';

describe('Shared looks', () => {
  const counted = () => {
    const looks = { count: 0 };
    const look = () => Promise.resolve((looks.count += 1));
    return { looks, look };
  };

  it('are one for all who wait for the same, and a new one for who comes after it', async () => {
    const { looks, look } = counted();
    const shared = new SharedLooks<number>();
    const readers = Array.from({ length: 1000 }, () => shared.next('run 1', 1, look));
    expect(new Set(await Promise.all(readers))).toEqual(new Set([1]));
    expect(await shared.next('run 1', 1, look)).toBe(2);
    expect(looks.count).toBe(2);
  });

  it('are at once for who cannot wait, whoever else waits', async () => {
    const { looks, look } = counted();
    const shared = new SharedLooks<number>();
    const later = shared.next('run 1', 1, look);
    expect(await Promise.all([shared.next('run 1', 0, look), shared.next('run 1', 0, look)])).toEqual([1, 1]);
    expect([looks.count, await later]).toEqual([1, 2]);
  });

  it('are apart for what is not the same', async () => {
    const { looks, look } = counted();
    const shared = new SharedLooks<number>();
    await Promise.all([shared.next('run 1', 1, look), shared.next('run 2', 1, look)]);
    expect(looks.count).toBe(2);
  });

  it('fail for all who waited for one, and are tried again', async () => {
    const shared = new SharedLooks<number>();
    const failing = () => Promise.reject(new Error('away'));
    const outcomes = await Promise.allSettled([shared.next('run 1', 1, failing), shared.next('run 1', 1, failing)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await shared.next('run 1', 1, () => Promise.resolve(3))).toBe(3);
  });
});
