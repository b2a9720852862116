import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Config } from '../config/config.js';

/** A connection to Redis by its commands. */
export type RedisClient = Awaited<ReturnType<typeof makeClient>>;

/** A Redis that is silent for this long counts as away: no request waits longer for it. */
const COMMAND_TIMEOUT_MS = 250;
const CONNECT_TIMEOUT_MS = 2000;
const RECONNECT_MAX_MS = 2000;
/** After Redis has failed it is left alone for this long, so that not every request waits for it. */
const PAUSE_MS = 1000;

/** Redis has taken a command and not answered it in time. */
class RedisSilentError extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * The connection to the Redis at `REDIS_URL`, if one is set. What it shares between replicas is a convenience: while it is away
 * every process does without, and says so once. It is tried for again and again.
 */
@Injectable()
export class RedisConnection implements OnApplicationShutdown {
  private client: RedisClient | null = null;
  private away = false;
  private againAt = 0;

  constructor(
    private readonly config: Config,
    private readonly logger: PinoLogger,
  ) {}

  /** Begins to connect, and does not wait for it. Null when no Redis is configured. */
  async open(): Promise<RedisClient | null> {
    const url = this.config.redisUrl;
    if (url === undefined || this.client) return this.client;
    const client = await makeClient(url);
    client.on('error', (error: unknown) => this.noteAway(error));
    client.on('ready', () => this.noteBack());
    client.connect().catch((error: unknown) => this.noteAway(error));
    this.client = client;
    return client;
  }

  /** Sends a command. Undefined: Redis did not answer, or is left alone at this moment. */
  async attempt<T>(command: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    if (!this.client?.isReady || Date.now() < this.againAt) return undefined;
    try {
      const answer = await soon(command(this.client));
      this.noteBack();
      return answer;
    } catch (error) {
      this.noteAway(error);
      this.againAt = Date.now() + PAUSE_MS;
      return undefined;
    }
  }

  onApplicationShutdown(): void {
    this.client?.destroy();
  }

  /** Redis did not do what it was asked to: told once, until it is back. */
  private noteAway(error: unknown): void {
    if (this.away) return;
    this.away = true;
    // The reason alone: the connection's own words may hold its URL.
    const reason = error instanceof Error ? ('code' in error && String(error.code)) || error.name : 'unknown';
    this.logger.warn(
      { event: 'redis_unavailable', reason },
      'Redis cannot be reached: each process keeps to itself what replicas would share',
    );
  }

  /** Redis answers again. */
  private noteBack(): void {
    if (!this.away) return;
    this.away = false;
    this.logger.info({ event: 'redis_available' }, 'Redis is back');
  }
}

/**
 * What is answered in time. The client's own timeout of commands ends when they are sent: for what a silent Redis has taken it
 * waits without end.
 */
async function soon<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RedisSilentError()), COMMAND_TIMEOUT_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** Imported only where it is needed: it would make every start longer. */
async function makeClient(url: string) {
  const { createClient } = await import('@redis/client');
  return createClient({
    url,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: (retries) => Math.min(RECONNECT_MAX_MS, 50 * 2 ** Math.min(retries, 6)),
    },
  });
}
