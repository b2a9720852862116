import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { openEmbeddedDatabase } from '../../src/platform/database/embedded/embedded-database.js';
import { embeddedOptions, postgresOptions } from '../../src/platform/database/data-source.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { Transaction } from '../../src/platform/database/transaction.js';
import { entities } from './entities.js';

/** The server for tests on PostgreSQL; unset: the embedded database. */
const SERVER = process.env['TEST_DATABASE_URL'];
const MIGRATIONS = new URL('../../src/migrations/', import.meta.url).pathname;

/** A fresh, migrated database of a test's own. */
export interface TestDatabase {
  readonly dataSource: DataSource;
  readonly transaction: Transaction;
  close(): Promise<void>;
}

/** The server for suites that need PostgreSQL itself, if there is one. */
export const postgresServer = SERVER;

/** Whether the suites run on PostgreSQL. */
export const onPostgres = SERVER !== undefined;

/** Makes a fresh database by copying one that was migrated once: on PostgreSQL by template, embedded by folder. */
export function freshDatabase(): Promise<TestDatabase> {
  return SERVER === undefined ? freshEmbedded() : freshPostgres(SERVER);
}

function migrationsHash(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(MIGRATIONS).sort()) hash.update(file).update(readFileSync(join(MIGRATIONS, file)));
  return hash.digest('hex').slice(0, 12);
}

async function open(options: DataSourceOptions): Promise<DataSource> {
  return new DataSource({ ...options, entities }).initialize();
}

async function migratedDirectory(): Promise<string> {
  const template = join(tmpdir(), `dossier-test-${process.getuid?.() ?? 0}-${migrationsHash()}`);
  if (existsSync(template)) return template;
  const draft = mkdtempSync(`${template}-`);
  const embedded = await openEmbeddedDatabase(draft);
  const dataSource = await open(embeddedOptions(embedded));
  await migrate(dataSource);
  await dataSource.destroy();
  await embedded.close();
  try {
    renameSync(draft, template);
  } catch {
    rmSync(draft, { recursive: true }); // Another suite was quicker.
  }
  return template;
}

/** Puts a migrated, closed database into a data directory. */
export async function embeddedTemplate(dataDir: string): Promise<void> {
  cpSync(join(await migratedDirectory(), 'database'), join(dataDir, 'database'), { recursive: true });
}

async function freshEmbedded(): Promise<TestDatabase> {
  const dataDir = mkdtempSync(join(tmpdir(), 'dossier-'));
  await embeddedTemplate(dataDir);
  const embedded = await openEmbeddedDatabase(dataDir);
  const dataSource = await open(embeddedOptions(embedded));
  return {
    dataSource,
    transaction: new Transaction(dataSource),
    close: async () => {
      await dataSource.destroy();
      await embedded.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function withServer(server: string, work: (admin: DataSource) => Promise<void>): Promise<void> {
  const admin = await new DataSource(postgresOptions(server, 1)).initialize();
  try {
    await work(admin);
  } finally {
    await admin.destroy();
  }
}

async function postgresTemplate(server: string): Promise<string> {
  const template = `dossier_test_${migrationsHash()}`;
  await withServer(server, async (admin) => {
    await admin.query('select pg_advisory_lock(4127)');
    const found: unknown[] = await admin.query('select from pg_database where datname = $1', [template]);
    if (found.length > 0) return;
    const draft = `${template}_${randomBytes(4).toString('hex')}`;
    await admin.query(`create database ${draft}`);
    const dataSource = await open(postgresOptions(databaseUrl(server, draft), 2));
    await migrate(dataSource);
    await dataSource.destroy();
    await admin.query(`alter database ${draft} rename to ${template}`);
  });
  return template;
}

/** A database on a PostgreSQL server, empty or made from a template; `drop` removes it. */
export async function createDatabase(server: string, template = 'template1') {
  const name = `dossier_t_${randomBytes(6).toString('hex')}`;
  await withServer(server, async (admin) => {
    await admin.query(`create database ${name} template ${template}`);
  });
  const drop = (): Promise<void> =>
    withServer(server, async (admin) => {
      await admin.query(`drop database ${name} with (force)`);
    });
  return { url: databaseUrl(server, name), drop };
}

async function freshPostgres(server: string): Promise<TestDatabase> {
  const { url, drop } = await createDatabase(server, await postgresTemplate(server));
  const dataSource = await open(postgresOptions(url, 5));
  return {
    dataSource,
    transaction: new Transaction(dataSource),
    close: async () => {
      await dataSource.destroy();
      await drop();
    },
  };
}
