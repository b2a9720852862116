import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DatabaseIdentity } from '../database/database-identity.js';
import { type RedisClient, RedisConnection } from '../redis/redis-connection.js';

/**
 * Texts that all replicas on one database share by Redis, each for a time. Without Redis, and while it is away, nothing is
 * there and nothing is kept: that is no error, and told once by the connection.
 */
@Injectable()
export class SharedTexts implements OnApplicationBootstrap {
  /** Null until it is known, and where there is no Redis. */
  private prefix: string | null = null;

  constructor(
    private readonly redis: RedisConnection,
    private readonly database: DatabaseIdentity,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // Installations that share a Redis have the same ids for different users.
    if (await this.redis.open()) this.prefix = `dossier:${await this.database.read()}`;
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

  /** Undefined: nothing can be shared at this moment. */
  private async attempt<T>(command: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    return this.prefix === null ? undefined : this.redis.attempt(command);
  }
}
