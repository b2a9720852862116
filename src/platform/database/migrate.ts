import type { DataSource } from 'typeorm';

/** Any number, the same on all replicas: names the lock on migrations. */
const MIGRATION_LOCK = 4_127_004_816;

/**
 * Brings the schema up to date. One replica at a time: the others wait for it and then find nothing to do. The embedded
 * database has one process anyway, and its advisory locks exclude nobody.
 */
export async function migrate(dataSource: DataSource, embedded: boolean): Promise<void> {
  if (embedded) {
    await dataSource.runMigrations({ transaction: 'each' });
    return;
  }
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations({ transaction: 'each' });
    await lock.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await lock.release();
  }
}
