import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/** The PostgreSQL server for tests; unset: the embedded database. */
const SERVER = process.env['TEST_DATABASE_URL'];

/** Whether the suites run on PostgreSQL. */
export const onPostgres = SERVER !== undefined;

/** Where one server keeps what it must not lose. */
export interface ServerStorage {
  readonly dataDir: string;
  /** Undefined: the embedded database in `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly remove: () => Promise<void>;
}

/** A storage that has been migrated once, to be copied. */
export interface ServerTemplate {
  readonly dataDir: string;
  readonly database: string | undefined;
  readonly remove: () => Promise<void>;
}

/** A storage that nothing has ever been written to. */
export async function emptyStorage(folder: string): Promise<ServerStorage> {
  return storage(mkdtempSync(join(folder, 'data-')), await createDatabase(undefined));
}

/** A copy of the template: starts several times quicker than an empty one. */
export async function copiedStorage(folder: string, template: ServerTemplate): Promise<ServerStorage> {
  const dataDir = mkdtempSync(join(folder, 'data-'));
  cpSync(template.dataDir, dataDir, { recursive: true });
  return storage(dataDir, await createDatabase(template.database));
}

/** Makes a template by letting `migrate` start and stop a server on an empty storage. */
export async function makeTemplate(
  folder: string,
  migrate: (storage: ServerStorage) => Promise<void>,
): Promise<ServerTemplate> {
  const made = await emptyStorage(folder);
  await migrate(made);
  return { dataDir: made.dataDir, database: databaseOf(made.databaseUrl), remove: () => made.remove() };
}

function storage(dataDir: string, database: string | undefined): ServerStorage {
  return {
    dataDir,
    databaseUrl: database && urlOf(database),
    remove: async () => {
      if (database) await onServer(`drop database if exists ${database} with (force)`);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function createDatabase(template: string | undefined): Promise<string | undefined> {
  if (!onPostgres) return undefined;
  const name = `dossier_e2e_${randomBytes(6).toString('hex')}`;
  await onServer(`create database ${name}${template === undefined ? '' : ` template ${template}`}`);
  return name;
}

function urlOf(database: string): string {
  const url = new URL(SERVER ?? '');
  url.pathname = `/${database}`;
  return url.href;
}

function databaseOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : new URL(url).pathname.slice(1);
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: SERVER });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
