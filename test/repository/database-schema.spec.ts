import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getMetadataArgsStorage } from 'typeorm';
import { openDataSource, openMigrated, postgresOptions } from '../../src/platform/database/data-source.js';
import { migrations } from '../../src/migrations/index.js';
import { MigrationsMissingError, requireMigrations } from '../../src/platform/database/migrate.js';
import { createDatabase, freshDatabase, postgresServer, type TestDatabase } from '../support/database.js';
import { entities } from '../support/entities.js';

const SOURCES = new URL('../../src/', import.meta.url).pathname;

describe('the schema', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(async () => {
    await database.close();
  });

  it('is made of every entity that there is', async () => {
    const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.entity.ts'))) await import(join(SOURCES, file));
    const declared = new Set(getMetadataArgsStorage().tables.map(({ target }) => target));
    expect(new Set<unknown>(entities)).toEqual(declared);
  });

  it('is the same by migrations as by entities: generating a migration yields nothing', async () => {
    const { upQueries } = await database.dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('is complete: every migration has run, in the order of the list', async () => {
    const ran = await database.transaction.sql<{ name: string }>('select name from migrations order by id');
    expect(ran.map(({ name }) => name)).toEqual(migrations.map(({ name }) => name));
  });

  it('is enough for this build when it is up to date, or ahead as in a rolling deploy', async () => {
    await requireMigrations(database.dataSource);
    await database.transaction.sql(`insert into migrations (timestamp, name) values (1999999999999, 'OfTheNextBuild')`);
    await requireMigrations(database.dataSource);
  });

  it('is told of when it is behind, by the first migration that has not run', async () => {
    const behind = migrations.slice(-2).map(({ name }) => name);
    const names = behind.map((name) => `'${name}'`).join(', ');
    await database.transaction.sql(`delete from migrations where name in (${names})`);
    const check = requireMigrations(database.dataSource);
    await expect(check).rejects.toThrow(MigrationsMissingError);
    await expect(check).rejects.toThrow(
      `The database lacks 2 of the ${migrations.length} migrations of this build, the first of them ${behind[0]}: ` +
        'start once without RUN_MIGRATIONS=false',
    );
  });

  it('is told of when it is empty, and nothing is written to it', async () => {
    await database.transaction.sql('alter table migrations rename to elsewhere');
    const all = `lacks ${migrations.length} of the ${migrations.length} migrations`;
    await expect(requireMigrations(database.dataSource)).rejects.toThrow(all);
    expect(await database.transaction.sql(`select to_regclass('migrations') as made`)).toEqual([{ made: null }]);
  });

  const server = postgresServer;
  if (server !== undefined) {
    it('is migrated by one of several replicas that start at once, even with one connection each', async () => {
      const { url, drop } = await createDatabase(server);
      const options = { ...postgresOptions(url, 1), migrationsRun: true };
      const replicas = await Promise.all([1, 2, 3].map(() => openDataSource(options)));
      const [first] = replicas;
      expect(await first?.query('select count(*) as count from migrations')).toEqual([{ count: migrations.length }]);
      await Promise.all(replicas.map((replica) => replica.destroy()));
      await drop();
    });

    it('is asked for at boot by who does not migrate, as far as its role may ask', async () => {
      const { url, drop } = await createDatabase(server);
      await expect(openMigrated(postgresOptions(url, 1))).rejects.toThrow(MigrationsMissingError);
      const role = `dossier_role_${process.pid}`;
      const owner = await openMigrated({ ...postgresOptions(url, 1), migrationsRun: true });
      await owner.query(`create role ${role}`);
      await owner.query(`set role ${role}`);
      await requireMigrations(owner);
      await owner.query(`reset role`);
      await owner.query(`drop role ${role}`);
      await owner.destroy();
      await drop();
    });
  }
});
