import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Config } from '../config/config.js';

type RedisClient = Awaited<ReturnType<typeof makeClient>>;

/** A Redis that is silent for this long counts as away: no request waits longer for it. */
const COMMAND_TIMEOUT_MS = 250;
const CONNECT_TIMEOUT_MS = 2000;
const RECONNECT_MAX_MS = 2000;

/**
 * The connection to the Redis at `REDIS_URL`, if one is set. What it shares between replicas is a convenience: while it is away
 * every process does without, and says so once. It is tried for again and again.
 */
@Injectable()
export class RedisConnection implements OnApplicationShutdown {
  private client: RedisClient | null = null;
  private away = false;

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

  /** Whether commands can be sent at this moment. */
  get ready(): boolean {
    return this.client?.isReady === true;
  }

  /** Redis did not do what it was asked to: told once, until it is back. */
  noteAway(error: unknown): void {
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
  noteBack(): void {
    if (!this.away) return;
    this.away = false;
    this.logger.info({ event: 'redis_available' }, 'Redis is back');
  }

  onApplicationShutdown(): void {
    this.client?.destroy();
  }
}

/** Imported only where it is needed: it would make every start longer. */
async function makeClient(url: string) {
  const { createClient } = await import('@redis/client');
  return createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: COMMAND_TIMEOUT_MS },
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: (retries) => Math.min(RECONNECT_MAX_MS, 50 * 2 ** Math.min(retries, 6)),
    },
  });
}
