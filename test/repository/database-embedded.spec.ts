import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { DataSource } from 'typeorm';
import { embeddedOptions } from '../../src/platform/database/data-source.js';
import { EmbeddedDatabaseLockedError } from '../../src/platform/database/embedded/database-lock.js';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/platform/database/embedded/embedded-database.js';
import { EmbeddedWorker } from '../../src/platform/database/embedded/embedded-worker.js';
import { Transaction } from '../../src/platform/database/transaction.js';
import { DatabaseUnavailableError } from '../../src/platform/errors/platform.errors.js';
import { embeddedTemplate, onPostgres } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { compileEmbedded, EmbeddedProcess } from '../support/embedded-process.js';

// It needs no second run where the suites are told to use a PostgreSQL server.
(onPostgres ? describe.skip : describe)('the embedded database', () => {
  let build: ReturnType<typeof compileEmbedded>;
  let root: string;
  let dataDir: string;
  let processes: EmbeddedProcess[];
  let databases: EmbeddedDatabase[];

  const start = (): EmbeddedProcess => {
    const child = new EmbeddedProcess(build.program, dataDir);
    processes.push(child);
    return child;
  };
  const open = async (): Promise<EmbeddedDatabase> => {
    const database = await openEmbeddedDatabase(dataDir);
    databases.push(database);
    return database;
  };
  const connect = async (): Promise<DataSource> => new DataSource(embeddedOptions(await open())).initialize();

  beforeEach(async () => {
    processes = [];
    databases = [];
    root = mkdtempSync(join(tmpdir(), 'dossier-embedded-'));
    dataDir = root;
    await embeddedTemplate(dataDir);
  });
  afterEach(async () => {
    await Promise.all(processes.map((child) => child.kill()));
    await Promise.all(databases.map((database) => database.close()));
    rmSync(root, { recursive: true, force: true });
  });
  beforeAll(() => void (build = compileEmbedded()));
  afterAll(() => build.remove());

  it('refuses a second process with one line that names the PID of the first', async () => {
    const holder = start();
    expect(await holder.isReady()).toBe(true);
    const { code, errors } = await start().ended();
    expect(code).toBe(1);
    expect(errors.trim().split('\n')).toHaveLength(1);
    expect(errors).toContain(`in use by process ${holder.pid}.`);
    await expect(openEmbeddedDatabase(dataDir)).rejects.toThrow(
      expect.objectContaining({ name: EmbeddedDatabaseLockedError.name, holderPid: holder.pid }) as Error,
    );
  });

  it('is opened by exactly one of several processes that start at once', async () => {
    const ready = await Promise.all([start(), start(), start()].map((child) => child.isReady()));
    expect(ready.filter(Boolean)).toHaveLength(1);
  });

  it('opens again after kill -9 of its holder, without loss', async () => {
    const holder = start();
    await holder.isReady();
    await holder.query('create table kept (id int)');
    for (let id = 1; id <= 20; id += 1) await holder.query(`insert into kept values (${id})`);
    await holder.kill();
    const dataSource = await connect();
    expect(await dataSource.query('select count(*)::int as count from kept')).toEqual([{ count: 20 }]);
    await dataSource.destroy();
  });

  it('keeps what was written when it is closed, and leaves no socket behind', async () => {
    const first = await connect();
    await first.query('create table kept (id int)');
    await first.destroy();
    await (await open()).close();
    databases = [];
    expect(readdirSync(join(dataDir, 'run'))).toEqual([]);
    const second = await connect();
    expect(await second.query('select * from kept')).toEqual([]);
    await second.destroy();
  });

  it('is given to the same process as often as it asks', async () => {
    expect(await openEmbeddedDatabase(dataDir)).toBe(await open());
  });

  it('opens in a directory whose path is too long for a socket', async () => {
    const long = join(dataDir, 'a'.repeat(100));
    mkdirSync(long);
    await embeddedTemplate(long);
    dataDir = long;
    const dataSource = await connect();
    expect(await dataSource.query('select 1 as one')).toEqual([{ one: 1 }]);
    await dataSource.destroy();
    expect((await start().ended()).errors).toContain(`in use by process ${process.pid}.`);
  });

  it('starts anew where a first start was killed half-way', async () => {
    rmSync(join(dataDir, 'database'), { recursive: true });
    mkdirSync(join(dataDir, 'database'));
    writeFileSync(join(dataDir, 'database', 'PG_VERSION'), '17');
    writeFileSync(join(dataDir, 'database.unfinished'), '');
    const dataSource = await connect();
    expect(await dataSource.query('select 1 as one')).toEqual([{ one: 1 }]);
    await dataSource.destroy();
    expect(existsSync(join(dataDir, 'database.unfinished'))).toBe(false);
  });

  it('comes back by itself when its thread dies', async () => {
    const thread = new EmbeddedWorker({
      databaseDir: join(dataDir, 'database'),
      socketPath: join(dataDir, '.s.PGSQL.5432'),
    });
    await thread.start();
    const dataSource = await new DataSource(embeddedOptions({ host: dataDir, port: 5432 })).initialize();
    const transaction = new Transaction(dataSource);
    await transaction.sql('create table kept (id int)');
    const cut = transaction.sql('select count(*) from generate_series(1, 100000000)');
    cut.catch(() => undefined);
    await sleep(50);
    await (thread as unknown as { worker: Worker }).worker.terminate();
    await expect(cut).rejects.toBeInstanceOf(DatabaseUnavailableError);
    await expect(transaction.sql('select 1')).rejects.toBeInstanceOf(DatabaseUnavailableError);
    await expect(eventually(() => transaction.sql('select * from kept'))).resolves.toEqual([]);
    await dataSource.destroy();
    await thread.stop();
  });
});
