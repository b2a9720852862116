import { setTimeout as sleep } from 'node:timers/promises';
import { Global, Injectable, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { Config } from '../config/config.js';
import { DatabaseUnavailableError } from '../errors/platform.errors.js';
import { dataSourceOptions } from './data-source.js';
import { measurePool } from './database.metrics.js';
import { openEmbeddedDatabase } from './embedded/embedded-database.js';
import { JobQueue } from './job-queue.js';
import { migrate } from './migrate.js';
import type { BoundedPool } from './pool.js';
import { Transaction } from './transaction.js';

/** How long the boot waits for a PostgreSQL that is not there yet, as when both start together. */
const BOOT_PATIENCE_MS = 30_000;
const BOOT_RETRY_MS = 1000;

/** Closes the pool, then the embedded database, when everybody else is done. */
@Injectable()
class DatabaseShutdown implements OnApplicationShutdown {
  constructor(
    private readonly config: Config,
    private readonly dataSource: DataSource,
    private readonly jobs: JobQueue,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.jobs.stop();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    if (this.config.database.url === undefined) await (await openEmbeddedDatabase(this.config.dataDir)).close();
  }
}

async function connect(options: DataSourceOptions): Promise<DataSource> {
  const deadline = Date.now() + BOOT_PATIENCE_MS;
  for (;;) {
    try {
      return await new DataSource(options).initialize();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError) || Date.now() > deadline) throw error;
      new Logger('Database').warn('PostgreSQL cannot be reached yet; trying again');
      await sleep(BOOT_RETRY_MS);
    }
  }
}

/** The database connection, migrated, and the one way to a transaction. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Config],
      useFactory: async (config: Config) => ({
        ...(await dataSourceOptions(config)),
        autoLoadEntities: true,
        retryAttempts: 0,
        manualInitialization: false,
        // Carried to the factory below, which gets nothing but the options.
        extra: { runMigrations: config.database.runMigrations, embedded: config.database.url === undefined },
      }),
      dataSourceFactory: async (options) => {
        if (!options) throw new Error('The data source has no options');
        const { runMigrations, embedded } = options.extra as { runMigrations: boolean; embedded: boolean };
        const dataSource = await connect(options);
        if (runMigrations) await migrate(dataSource, embedded);
        measurePool((dataSource.driver as unknown as { master: BoundedPool }).master);
        return dataSource;
      },
    }),
  ],
  providers: [Transaction, JobQueue, DatabaseShutdown],
  exports: [Transaction, JobQueue],
})
export class DatabaseModule {}
