import { jest } from '@jest/globals';
import type { Config } from '../../platform/config/config.js';
import type { Secrets } from '../../platform/config/secrets.js';
import { DatabaseUnavailableError } from '../../platform/errors/platform.errors.js';
import type { ApiKeyId, UserId } from '../user-id.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyHasher } from './api-key-hasher.js';
import type { ApiKeysRepository } from './api-keys.repository.js';
import { Authenticator } from './authenticator.js';
import { newApiKey } from './key-format.js';

const hasher = new ApiKeyHasher({ key: () => Buffer.alloc(32, 7) } as unknown as Secrets);

function setUp({ bootstrapApiKey }: { bootstrapApiKey?: string } = {}) {
  const rows = new Map<string, ApiKey>();
  const findByHash = jest.fn(async (hash: Buffer): Promise<ApiKey | null> => rows.get(hash.toString('hex')) ?? null);
  const config = { identity: { bootstrapApiKey } } as unknown as Config;
  const authenticator = new Authenticator({ findByHash } as unknown as ApiKeysRepository, hasher, config);
  const add = (key: string, expiresAt: Date | null = null): Buffer => {
    const hash = hasher.hash(key);
    const row = { id: 3 as ApiKeyId, userId: 2 as UserId, scopes: ['read'], hash, expiresAt } as unknown as ApiKey;
    rows.set(hash.toString('hex'), row);
    return hash;
  };
  const remove = (hash: Buffer): boolean => rows.delete(hash.toString('hex'));
  return { authenticator, findByHash, add, remove };
}

describe('Authenticator', () => {
  const key = newApiKey(3 as ApiKeyId);

  beforeEach(() => {
    jest.useFakeTimers({ now: new Date('2026-11-23T12:00:00Z') });
    // lru-cache takes a start of 0 for none.
    jest.advanceTimersByTime(1000);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('tells whose a key is', async () => {
    const { authenticator, add } = setUp();
    add(key);
    expect(await authenticator.authenticate(key)).toEqual({ id: 2, keyId: 3, scopes: new Set(['read']) });
  });

  it('asks the database once for many uses of a key', async () => {
    const { authenticator, add, findByHash } = setUp();
    add(key);
    for (let use = 0; use < 5; use += 1) expect(await authenticator.authenticate(key)).not.toBeNull();
    expect(findByHash).toHaveBeenCalledTimes(1);
  });

  it('shares one query between requests that miss together', async () => {
    const { authenticator, add, findByHash } = setUp();
    add(key);
    const users = await Promise.all(Array.from({ length: 20 }, () => authenticator.authenticate(key)));
    expect(users.every((user) => user?.id === 2)).toBe(true);
    expect(findByHash).toHaveBeenCalledTimes(1);
  });

  it('notices within 5 s that another replica revoked a key in use', async () => {
    const { authenticator, add, remove } = setUp();
    const hash = add(key);
    await authenticator.authenticate(key);
    remove(hash);
    jest.advanceTimersByTime(3900);
    expect(await authenticator.authenticate(key)).not.toBeNull();
    jest.advanceTimersByTime(200);
    expect(await authenticator.authenticate(key)).toBeNull();
  });

  it('counts the age of an answer from before its query', async () => {
    const { authenticator, add, remove, findByHash } = setUp();
    const hash = add(key);
    findByHash.mockImplementationOnce(async () => {
      jest.advanceTimersByTime(3000);
      return { id: 3, userId: 2, scopes: ['read'], hash, expiresAt: null } as unknown as ApiKey;
    });
    await authenticator.authenticate(key);
    remove(hash);
    jest.advanceTimersByTime(1100);
    expect(await authenticator.authenticate(key)).toBeNull();
  });

  it('forgets a revoked key at once', async () => {
    const { authenticator, add, remove } = setUp();
    const hash = add(key);
    await authenticator.authenticate(key);
    remove(hash);
    authenticator.forget(hash);
    expect(await authenticator.authenticate(key)).toBeNull();
  });

  it('keeps no answer of a query that began before the key was revoked', async () => {
    const { authenticator, add, remove, findByHash } = setUp();
    const hash = add(key);
    const row = await findByHash(hash);
    let answer: (row: ApiKey | null) => void = () => undefined;
    findByHash.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    const early = authenticator.authenticate(key);
    remove(hash);
    authenticator.forget(hash);
    expect(await authenticator.authenticate(key)).toBeNull();
    answer(row);
    await early;
    expect(await authenticator.authenticate(key)).toBeNull();
  });

  it('refuses a remembered key from the moment it expires', async () => {
    const { authenticator, add } = setUp();
    add(key, new Date(Date.now() + 2000));
    expect(await authenticator.authenticate(key)).not.toBeNull();
    jest.advanceTimersByTime(2000);
    expect(await authenticator.authenticate(key)).toBeNull();
  });

  it('remembers an unknown key for a second only', async () => {
    const { authenticator, add, findByHash } = setUp();
    expect(await authenticator.authenticate(key)).toBeNull();
    expect(await authenticator.authenticate(key)).toBeNull();
    expect(findByHash).toHaveBeenCalledTimes(1);
    add(key);
    jest.advanceTimersByTime(1001);
    expect(await authenticator.authenticate(key)).not.toBeNull();
  });

  it('asks nothing about a mistyped key', async () => {
    const { authenticator, findByHash } = setUp();
    expect(await authenticator.authenticate(`${key.slice(0, -1)}-`)).toBeNull();
    expect(findByHash).not.toHaveBeenCalled();
  });

  it('takes a bootstrap key of any shape, even of a mistyped key', async () => {
    const bootstrapApiKey = 'dsr_this-is-not-one-of-our-own-keys';
    const { authenticator, add } = setUp({ bootstrapApiKey });
    add(bootstrapApiKey);
    expect(await authenticator.authenticate(bootstrapApiKey)).not.toBeNull();
  });

  it('gives no verdict while the database is away, and recovers with it', async () => {
    const { authenticator, add, findByHash } = setUp();
    add(key);
    await authenticator.authenticate(key);
    findByHash.mockRejectedValueOnce(new DatabaseUnavailableError());
    expect(await authenticator.authenticate(key)).not.toBeNull();
    jest.advanceTimersByTime(4100);
    await expect(authenticator.authenticate(key)).rejects.toThrow(DatabaseUnavailableError);
    expect(await authenticator.authenticate(key)).not.toBeNull();
  });
});
