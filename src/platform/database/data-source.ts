import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { DatabaseUnavailableError } from '../errors/platform.errors.js';
import { type EmbeddedDatabase, openEmbeddedDatabase } from './embedded/embedded-database.js';
import { migrate, requireMigrations } from './migrate.js';
import { BoundedPool } from './pool.js';
import { isAway } from './sql-errors.js';

/** How long the boot waits for a PostgreSQL that is not there yet, as when both start together. */
const BOOT_PATIENCE_MS = 30_000;
const BOOT_RETRY_MS = 1000;

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** The part of the configuration that says which database. */
export interface DatabaseSettings {
  readonly dataDir: string;
  readonly database: { readonly url: string | undefined; readonly poolSize: number; readonly runMigrations: boolean };
}

/** `pg` with our pool in the place of its own; a class of its own for each mode, since TypeORM makes the pool. */
function driverWith(embedded: boolean): unknown {
  class Pool extends BoundedPool {
    constructor(config: pg.PoolConfig) {
      super({ ...config, embedded });
    }
  }
  return { ...pg, Pool };
}

const COMMON = {
  type: 'postgres' as const,
  migrations,
  synchronize: false,
  migrationsRun: false,
  installExtensions: false,
  applicationName: 'dossier',
  logging: false as const,
};

/** Options for a PostgreSQL server. */
export function postgresOptions(url: string, poolSize: number): PostgresOptions {
  return { ...COMMON, url, poolSize, driver: driverWith(false) };
}

/**
 * Options for a running embedded database. One connection: PGlite is one session, and its socket server lets a second
 * connection in between the messages of the first, so that one would bind its values to the other's statement.
 */
export function embeddedOptions({ host, port }: Pick<EmbeddedDatabase, 'host' | 'port'>): PostgresOptions {
  return { ...COMMON, host, port, username: 'postgres', database: 'postgres', poolSize: 1, driver: driverWith(true) };
}

/**
 * TypeORM's options for the configured database: PostgreSQL by URL, or the embedded one, which is opened when it is not yet.
 * @throws EmbeddedDatabaseLockedError
 */
export async function dataSourceOptions({ database, dataDir }: DatabaseSettings): Promise<PostgresOptions> {
  if (database.url === undefined) return embeddedOptions(await openEmbeddedDatabase(dataDir));
  return postgresOptions(database.url, database.poolSize);
}

/**
 * Connects, and migrates when `migrationsRun` is set (one replica at a time, which TypeORM's own way is not).
 * @throws DatabaseUnavailableError when the server cannot be reached for 30 s, or refuses us; its cause says in one line why
 */
export async function openDataSource({ migrationsRun = false, ...options }: DataSourceOptions): Promise<DataSource> {
  const dataSource = await connect({ ...options, migrationsRun: false } as DataSourceOptions);
  if (migrationsRun) await migrate(dataSource);
  return dataSource;
}

/**
 * The same for a process that is to work on the database: one that does not migrate itself refuses a schema that is older than it.
 * @throws DatabaseUnavailableError, MigrationsMissingError
 */
export async function openMigrated(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = await openDataSource(options);
  if (options.migrationsRun) return dataSource;
  try {
    await requireMigrations(dataSource);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

async function connect(options: DataSourceOptions): Promise<DataSource> {
  const deadline = Date.now() + BOOT_PATIENCE_MS;
  for (;;) {
    try {
      return await new DataSource(options).initialize();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) throw error;
      const reason = `${placeOf(options)}: ${reasonOf(error.cause)}`;
      // What the server itself answers, such as a wrong password, no waiting will change.
      const hopeless = error.cause instanceof pg.DatabaseError && !isAway(error.cause);
      if (hopeless || Date.now() > deadline) throw new DatabaseUnavailableError({ cause: new Error(reason) });
      new Logger('Database').warn({ event: 'database_awaited', reason }, 'The database cannot be reached yet');
      await sleep(BOOT_RETRY_MS);
    }
  }
}

/** Names of several addresses give several errors. */
function reasonOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}

/** Host and database of the URL, without its password. */
function placeOf(options: DataSourceOptions): string {
  if (options.type !== 'postgres' || options.url === undefined) return 'the embedded database';
  const { host, pathname } = new URL(options.url);
  return host + pathname;
}
