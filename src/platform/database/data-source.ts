import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import type { Config } from '../config/config.js';
import { type EmbeddedDatabase, openEmbeddedDatabase } from './embedded/embedded-database.js';
import { BoundedPool } from './pool.js';

/** `pg` with our pool in the place of its own; a class of its own for each mode, since TypeORM makes the pool. */
function driverWith(embedded: boolean): unknown {
  class Pool extends BoundedPool {
    constructor(config: pg.PoolConfig) {
      super({ ...config, embedded });
    }
  }
  return { ...pg, Pool };
}

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

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
 * Options for a running embedded database. One connection: PGlite is one session behind its socket, and a second connection
 * could only get between the messages of the first.
 */
export function embeddedOptions({ host, port }: Pick<EmbeddedDatabase, 'host' | 'port'>): PostgresOptions {
  return { ...COMMON, host, port, username: 'postgres', database: 'postgres', poolSize: 1, driver: driverWith(true) };
}

/**
 * TypeORM's options for the configured database: PostgreSQL by URL, or the embedded one, which is opened when it is not yet.
 * @throws EmbeddedDatabaseLockedError
 */
export async function dataSourceOptions(config: Pick<Config, 'database' | 'dataDir'>): Promise<PostgresOptions> {
  const { url, poolSize } = config.database;
  return url === undefined ? embeddedOptions(await openEmbeddedDatabase(config.dataDir)) : postgresOptions(url, poolSize);
}
