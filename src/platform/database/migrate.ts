import { type DataSource, MigrationExecutor } from 'typeorm';
import { OperatorError } from '../errors/operator.error.js';

/** Any number, the same on all replicas: names the lock on migrations. */
const MIGRATION_LOCK = 4_127_004_816;

/** The database lacks migrations of this build, and it is not this process that is to run them. */
export class MigrationsMissingError extends OperatorError {
  override readonly name = 'MigrationsMissingError';

  constructor(missing: readonly string[], known: number) {
    super(
      `The database lacks ${missing.length} of the ${known} migrations of this build, the first of them ${missing[0]}: ` +
        'start once without RUN_MIGRATIONS=false, or run them by ormconfig.ts (typeorm migration:run).',
    );
  }
}

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

/** The table of the migrations that have run: whether it is there, and may be read. */
const TABLE = `
  select to_regclass('migrations') is not null as present,
    has_table_privilege(to_regclass('migrations'), 'select') as readable`;

/**
 * Sees to it that every migration of this build has run, and writes nothing, which TypeORM's own check does. Further ones do not
 * matter: in a rolling deploy the next build has migrated already.
 * @throws MigrationsMissingError
 */
export async function requireMigrations(dataSource: DataSource): Promise<void> {
  const [table] = await dataSource.query<{ present: boolean; readable: boolean | null }[]>(TABLE);
  // A role that may not read it has grants of somebody's making who also migrates.
  if (table?.readable === false) return;
  const rows = table?.present ? await dataSource.query<{ name: string }[]>('select name from migrations') : [];
  const executed = new Set(rows.map(({ name }) => name));
  const known = dataSource.migrations.map(({ name, constructor }) => name ?? constructor.name);
  const missing = known.filter((name) => !executed.has(name));
  if (missing.length > 0) throw new MigrationsMissingError(missing, known.length);
}
