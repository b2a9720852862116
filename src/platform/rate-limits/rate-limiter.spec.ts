import type { Config } from '../config/config.js';
import type { DatabaseIdentity } from '../database/database-identity.js';
import type { RedisConnection } from '../redis/redis-connection.js';
import { RateLimiter } from './rate-limiter.js';

function limiterOf(rateLimitPerMinute: number, redis: Partial<RedisConnection> = {}): RateLimiter {
  const connection = { open: async () => null, ...redis } as RedisConnection;
  const identity = { read: async () => 'here' } as unknown as DatabaseIdentity;
  return new RateLimiter({ rateLimitPerMinute } as Config, connection, identity);
}

describe('The limit of requests', () => {
  it('counts each user apart, down to nothing, and then refuses', async () => {
    const limiter = limiterOf(2);
    expect(await limiter.count(1)).toEqual({ limit: 2, remaining: 1, resetSeconds: 60, refused: false });
    expect(await limiter.count(1)).toMatchObject({ remaining: 0, refused: false });
    expect(await limiter.count(1)).toMatchObject({ remaining: 0, refused: true });
    expect(await limiter.count(2)).toMatchObject({ remaining: 1, refused: false });
  });

  it('is off at 0', async () => {
    expect(await limiterOf(0).count(1)).toBeNull();
  });

  it('is kept by this process while Redis does not answer', async () => {
    let asked = 0;
    const attempt = async () => {
      asked += 1;
      return undefined;
    };
    const limiter = limiterOf(2, { open: async () => ({}) as never, attempt });
    await limiter.onApplicationBootstrap();
    const standings = [await limiter.count(1), await limiter.count(1), await limiter.count(1)];
    expect(standings.map((standing) => standing?.refused)).toEqual([false, false, true]);
    expect(asked).toBe(3);
  });
});
