import { type DataSource, MigrationExecutor } from 'typeorm';

/** Any number, the same on all replicas: names the lock on migrations. */
const MIGRATION_LOCK = 4_127_004_816;

/**
 * Brings the schema up to date. One replica at a time: the others wait for it and then find nothing to do. The embedded
 * database has one process anyway, and its advisory locks exclude nobody.
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  // Lock and migrations share one connection: a pool may have no second one.
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      const executor = new MigrationExecutor(dataSource, runner);
      executor.transaction = 'each';
      await executor.executePendingMigrations();
    } finally {
      await runner.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    }
  } finally {
    await runner.release();
  }
}
