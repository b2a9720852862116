import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getMetadataArgsStorage } from 'typeorm';
import { openDataSource, postgresOptions } from '../../src/platform/database/data-source.js';
import { migrations } from '../../src/migrations/index.js';
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
  }
});
