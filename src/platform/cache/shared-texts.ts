import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DatabaseIdentity } from '../database/database-identity.js';
import { RedisConnection } from '../redis/redis-connection.js';

type RedisClient = NonNullable<Awaited<ReturnType<RedisConnection['open']>>>;

/** After Redis has failed it is left alone for this long, so that not every request waits for it. */
const REDIS_PAUSE_MS = 1000;

/**
 * Texts that all replicas on one database share by Redis, each for a time. Without Redis, and while it is away, nothing is
 * there and nothing is kept: that is no error, and told once by the connection.
 */
@Injectable()
export class SharedTexts implements OnApplicationBootstrap {
  private client: RedisClient | null = null;
  private prefix = '';
  private againAt = 0;

  constructor(
    private readonly redis: RedisConnection,
    private readonly database: DatabaseIdentity,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const client = await this.redis.open();
    // Installations that share a Redis have the same ids for different users.
    if (client) this.prefix = `dossier:${await this.database.read()}`;
    this.client = client;
  }

  async get(key: string): Promise<string | null> {
    return (await this.attempt((client) => client.get(this.keyOf(key)))) ?? null;
  }

  async set(key: string, text: string, ttlMs: number): Promise<void> {
    const expiration = { type: 'PX', value: ttlMs } as const;
    await this.attempt((client) => client.set(this.keyOf(key), text, { expiration }));
  }

  async delete(key: string): Promise<void> {
    await this.attempt((client) => client.del(this.keyOf(key)));
  }

  /** Takes a key for a time. False: another replica has it. True also where nothing can be shared. */
  async take(key: string, ttlMs: number): Promise<boolean> {
    const expiration = { type: 'PX', value: ttlMs } as const;
    const answer = await this.attempt((client) => client.set(this.keyOf(key), '1', { expiration, condition: 'NX' }));
    return answer !== null;
  }

  private keyOf(key: string): string {
    return `${this.prefix}:${key}`;
  }

  /** Undefined: Redis did not answer. */
  private async attempt<T>(command: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    if (!this.client || !this.redis.ready || Date.now() < this.againAt) return undefined;
    try {
      const answer = await command(this.client);
      this.redis.noteBack();
      return answer;
    } catch (error) {
      this.redis.noteAway(error);
      this.againAt = Date.now() + REDIS_PAUSE_MS;
      return undefined;
    }
  }
}
