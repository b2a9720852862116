import pg from 'pg';
import { DatabaseUnavailableError } from '../errors/platform.errors.js';
import { QUERIES } from './database.metrics.js';
import { insideTransaction } from './transaction-context.js';

/** How long a caller waits for a connection: with it and the network, an answer comes within 2.5 s. */
const CONNECT_TIMEOUT_MS = 2000;
/** The embedded database has one connection, so waiting for it is ordinary. */
const EMBEDDED_CONNECT_TIMEOUT_MS = 30_000;
/** A statement that is out this long makes the pool ask whether the server still answers. */
const SUSPICIOUS_MS = 1000;
const PROBE_TIMEOUT_MS = 1000;
const WATCH_INTERVAL_MS = 250;
/** Distinct statements that get a name on PostgreSQL (measured: 1.2 to 1.5 times faster); the rest is dynamic SQL. */
const MAX_NAMED_STATEMENTS = 300;
const INT8_OID = 20;

/** bigint as a number: every id and amount is within 2^53, and what is not must not be rounded silently. */
export function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is beyond the integers that a number can hold`);
  return value;
}

const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8_OID ? safeInteger : (pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown),
};

const statementNames = new Map<string, string>();

function statementName(text: string): string | undefined {
  const known = statementNames.get(text);
  if (known !== undefined || statementNames.size >= MAX_NAMED_STATEMENTS) return known;
  const name = `dossier_${statementNames.size}`;
  statementNames.set(text, name);
  return name;
}

type QueryArguments = readonly [config: unknown, values?: unknown, callback?: unknown];

/** A connection that counts its statements, names them, and knows since when it waits for an answer. */
class WatchedClient extends pg.Client {
  waitingSince: number | null = null;
  /** PGlite shares one session among all connections: names of two of them would collide. */
  nameStatements = true;

  override query(...[config, values, callback]: QueryArguments): never {
    QUERIES.inc();
    this.waitingSince ??= Date.now();
    const name =
      this.nameStatements &&
      typeof config === 'string' &&
      Array.isArray(values) &&
      values.length > 0 &&
      statementName(config);
    const named = name ? { name, text: config, values } : config;
    const rest = name ? [undefined, callback] : [values, callback];
    return super.query(...([named, ...rest] as unknown as Parameters<pg.Client['query']>)) as never;
  }
}

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
  private readonly clients = new Set<WatchedClient>();
  private readonly watch: NodeJS.Timeout | null;
  private probing = false;
  private readonly embedded: boolean;

  constructor(config: BoundedPoolOptions) {
    const embedded = config.embedded ?? false;
    super({
      ...config,
      types: types as pg.CustomTypesConfig,
      connectionTimeoutMillis: embedded ? EMBEDDED_CONNECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS,
      Client: WatchedClient as never,
    });
    this.embedded = embedded;
    this.on('connect', (client) => this.adopt(client as unknown as WatchedClient));
    this.on('remove', (client) => this.clients.delete(client as unknown as WatchedClient));
    this.on('error', () => undefined); // An idle connection was lost: the pool has dropped it already.
    this.watch = embedded ? null : setInterval(() => this.suspect(), WATCH_INTERVAL_MS).unref();
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
    if (this.embedded && insideTransaction()) {
      const error = new Error('A query bypassed its open transaction: on the embedded database it would wait for ever');
      if (!callback) return Promise.reject(error);
      return callback(error, undefined, () => undefined);
    }
    if (callback) {
      return super.connect((error, client, release) => callback(error && unavailable(error), client, release));
    }
    return super.connect().catch((error: unknown) => {
      throw unavailable(error);
    });
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | void {
    if (this.watch) clearInterval(this.watch);
    return callback ? super.end(callback) : super.end();
  }

  private adopt(client: WatchedClient): void {
    client.nameStatements = !this.embedded;
    client.on('drain', () => (client.waitingSince = null));
    client.on('error', () => undefined); // Whoever uses the connection gets the error with its statement.
    this.clients.add(client);
  }

  /** A silent network gives no error: when a statement is out for long, a connection of its own asks for a sign of life. */
  private suspect(): void {
    const silent = [...this.clients].filter(
      ({ waitingSince }) => waitingSince !== null && Date.now() - waitingSince > SUSPICIOUS_MS,
    );
    if (silent.length === 0 || this.probing) return;
    this.probing = true;
    void this.probe().then((alive) => {
      this.probing = false;
      if (alive) return;
      for (const client of silent) {
        const { stream } = (client as unknown as { connection: { stream: { destroy(error: Error): void } } })
          .connection;
        stream.destroy(new DatabaseUnavailableError());
      }
    });
  }

  private async probe(): Promise<boolean> {
    const { connectionString, host, port, user, password, database, ssl } = this.options;
    const client = new pg.Client({
      ...(connectionString ? { connectionString } : { host, port, user, password, database, ssl }),
      connectionTimeoutMillis: PROBE_TIMEOUT_MS,
      query_timeout: PROBE_TIMEOUT_MS,
    } as pg.ClientConfig);
    client.on('error', () => undefined); // Told by the promises below.
    try {
      await client.connect();
      await client.query('select 1');
      return true;
    } catch {
      return false;
    } finally {
      void client.end().catch(() => undefined);
    }
  }
}

/** Whatever kept a connection from being made: the caller can do nothing but try again. */
function unavailable(error: unknown): Error {
  return error instanceof DatabaseUnavailableError ? error : new DatabaseUnavailableError({ cause: error });
}
