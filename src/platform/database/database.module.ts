import { Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { DatabaseIdentity } from './database-identity.js';
import { dataSourceOptions, openMigrated } from './data-source.js';
import { openEmbeddedDatabase } from './embedded/embedded-database.js';
import { JobQueue } from './job-queue.js';
import { Transaction } from './transaction.js';

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

/** The database connection, migrated, and the one way to a transaction. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Config],
      useFactory: async (config: Config) => ({
        ...(await dataSourceOptions(config)),
        migrationsRun: config.database.runMigrations,
        autoLoadEntities: true,
        toRetry: () => false, // `openMigrated` does, and says so in one line.
      }),
      dataSourceFactory: async (options) => {
        if (!options) throw new Error('The data source has no options');
        return openMigrated(options);
      },
    }),
  ],
  providers: [Transaction, JobQueue, DatabaseIdentity, DatabaseShutdown],
  exports: [Transaction, JobQueue, DatabaseIdentity],
})
export class DatabaseModule {}
