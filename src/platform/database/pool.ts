import { setImmediate as nextTurn } from 'node:timers/promises';
import { callbackify } from 'node:util';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { DatabaseUnavailableError } from '../errors/platform.errors.js';
import { measurePool } from './database.metrics.js';
import { safeIntegerTypes } from './integers.js';
import { PoolWatch } from './pool-watch.js';
import { insideTransaction } from './transaction-context.js';
import { WatchedClient } from './watched-client.js';

/** How long a caller waits for a connection to a silent server: with it and the network, an answer comes within 2.5 s. */
const CONNECT_TIMEOUT_MS = 2000;
/** How long a caller waits while the server works: a burst of requests is no reason to refuse some of them. */
const BUSY_TIMEOUT_MS = 15_000;
/** The embedded database has one connection, so waiting for it is ordinary. */
const EMBEDDED_CONNECT_TIMEOUT_MS = 30_000;
/**
 * How long a transaction may stand still between two statements. None does by itself: so its process was stopped, or its machine
 * is gone, and others wait for the rows that it holds. Well below the lease of a run, which is taken over then.
 */
const STANDSTILL_MS = 10_000;
/** A connection that is silent for so long is asked for a sign of life: one that a firewall has dropped would never tell. */
const KEEP_ALIVE_MS = 5000;
/**
 * PostgreSQL keeps the plan of a named statement until somebody analyzes its tables: one that was made while they were small, and
 * quickest read from end to end, reads them so a minute later at ten thousand rows (ADR 9). A plan that has no other way looks dear
 * beyond measure then, which is no reason to compile it.
 */
const LOOK_ROWS_UP = 'set enable_seqscan = off; set jit = off';
/** How long a shutdown waits for connections to be given back and closed. */
const END_PATIENCE_MS = 2000;

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  release: (error?: Error | boolean) => void,
) => void;

/** Options of the pool beside pg's own. */
export interface BoundedPoolOptions extends pg.PoolConfig {
  readonly embedded?: boolean;
}

/**
 * pg's pool with bounded waits. A lost or silent server becomes `DatabaseUnavailableError` within 2.5 s, and connections are
 * made anew as soon as it is back; an idle connection that is lost never ends the process.
 */
export class BoundedPool extends pg.Pool {
  readonly embedded: boolean;
  private readonly watch: PoolWatch;
  private forget: (() => void) | null = null;

  constructor({ embedded = false, ...config }: BoundedPoolOptions) {
    super({
      ...config,
      types: safeIntegerTypes,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      connectionTimeoutMillis: embedded ? EMBEDDED_CONNECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS,
      ...(embedded ? { idleTimeoutMillis: 0 } : { idle_in_transaction_session_timeout: STANDSTILL_MS }),
      Client: WatchedClient as never,
    });
    this.embedded = embedded;
    this.watch = new PoolWatch(this.options, { probing: !embedded });
    // pg's pool waits for it, whatever its type says.
    this.options.onConnect = ((client: unknown) => this.adopt(client as WatchedClient)) as (client: unknown) => void;
    this.on('remove', (client) => this.watch.remove(client as unknown as WatchedClient));
    this.on('error', ({ message }) => {
      // An idle connection; the pool has dropped it already. (pg hangs the whole client on this error: log no more of it.)
      new Logger('Database').warn({ event: 'database_connection_lost', reason: message });
    });
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
    if (this.embedded && insideTransaction()) {
      const error = new Error('A query bypassed its open transaction: on the embedded database it would wait for ever');
      if (!callback) return Promise.reject(error);
      return callback(error, undefined, () => undefined);
    }
    const connection = this.patientConnect(Date.now() + BUSY_TIMEOUT_MS);
    if (!callback) return connection;
    callbackify(() => connection)((error, client?: pg.PoolClient) =>
      callback(error ?? undefined, client, (failure) => client?.release(failure)),
    );
  }

  /** Waits on as long as the server finishes statements: then it is the pool's queue that is long. */
  private async patientConnect(until: number): Promise<pg.PoolClient> {
    for (;;) {
      const begun = Date.now();
      try {
        return await super.connect();
      } catch (error) {
        // What failed sooner was refused by the server, not kept waiting in the queue.
        const waited = Date.now() - begun >= CONNECT_TIMEOUT_MS * 0.9;
        await nextTurn(); // Lets in what has arrived while the event loop was busy: timers come before it.
        const busy = Date.now() - this.watch.progressAt < CONNECT_TIMEOUT_MS;
        if (!waited || !busy || this.ending || Date.now() >= until) throw unavailable(error);
      }
    }
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | void {
    this.forget?.();
    // A silent server would keep the shutdown waiting for its goodbye.
    const impatience = setTimeout(() => this.watch.cut(), END_PATIENCE_MS);
    if (!callback) return super.end().finally(() => clearTimeout(impatience));
    super.end(() => {
      clearTimeout(impatience);
      callback();
    });
  }

  private async adopt(client: WatchedClient): Promise<void> {
    this.watch.add(client);
    this.forget ??= measurePool(this);
    if (this.embedded) return;
    client.nameStatements = true;
    await (client as pg.Client).query(LOOK_ROWS_UP).catch((error: unknown) => {
      this.watch.remove(client);
      // pg's pool says goodbye before it tells who waits, and a silent server would never answer that.
      client.sever(unavailable(error));
      throw error;
    });
  }
}

/** Whatever kept a connection from being made: the caller can do nothing but try again. */
function unavailable(error: unknown): Error {
  return error instanceof DatabaseUnavailableError ? error : new DatabaseUnavailableError({ cause: error });
}
