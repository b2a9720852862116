import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { DatabaseUnavailableError } from '../errors/platform.errors.js';
import type { WatchedClient } from './watched-client.js';

const TICK_MS = 250;
/** A statement that is out this long makes the watch ask whether the server still answers. Counted in ticks, not by the
 * clock: an event loop that was busy for a second must not look like a server that was silent for one. */
const SUSPICIOUS_TICKS = 4;
const PROBE_TIMEOUT_MS = 1000;

/**
 * Finds the server that is silent (a dead network, a stopped process), which gives no error. When a statement has been out
 * for a second, a connection of its own asks for a sign of life within another; without one all connections of the pool are
 * cut, so that their statements fail as unavailable, and new ones are made when the server is back. Slow statements are left
 * alone as long as the server answers anything.
 */
export class PoolWatch {
  private readonly clients = new Set<WatchedClient>();
  private timer: NodeJS.Timeout | null = null;
  private probing = false;
  /** When a connection last finished a statement, in milliseconds of the clock. */
  progressAt = 0;

  /** @param options how to reach the server, as for the pool; `mode.probing` false leaves silent connections alone. */
  constructor(
    private readonly options: pg.PoolConfig,
    private readonly mode: { readonly probing: boolean },
  ) {}

  add(client: WatchedClient): void {
    this.clients.add(client);
    client.on('drain', () => (this.progressAt = Date.now()));
    if (this.mode.probing) this.timer ??= setInterval(() => this.tick(), TICK_MS).unref();
  }

  remove(client: WatchedClient): void {
    this.clients.delete(client);
    if (this.clients.size > 0 || !this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  /** Cuts every connection at once. */
  cut(): void {
    for (const client of this.clients) client.sever(new DatabaseUnavailableError());
  }

  private tick(): void {
    let suspicious = false;
    for (const client of this.clients) {
      if (client.silentTicks === null) continue;
      client.silentTicks += 1;
      suspicious ||= client.silentTicks >= SUSPICIOUS_TICKS;
    }
    if (suspicious && !this.probing) void this.investigate();
  }

  private async investigate(): Promise<void> {
    this.probing = true;
    const before = new Map([...this.clients].map((client) => [client, client.bytesRead]));
    const alive = await isAlive(this.options);
    await setImmediate(); // Lets in what has arrived while the event loop was busy.
    const heard = [...this.clients].some((client) => client.bytesRead > (before.get(client) ?? 0));
    this.probing = false;
    if (!alive && !heard) this.cut();
  }
}

/** Whether the server answers at all; a refusal, such as for too many connections, is an answer. */
async function isAlive(options: pg.PoolConfig): Promise<boolean> {
  const client = new pg.Client({
    ...options,
    password: options.password, // pg's pool has made it invisible to the line above.
    connectionTimeoutMillis: PROBE_TIMEOUT_MS,
    query_timeout: PROBE_TIMEOUT_MS,
  });
  client.on('error', () => undefined); // The promises below tell it.
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch (error) {
    return error instanceof pg.DatabaseError;
  } finally {
    client.end(() => undefined);
  }
}
