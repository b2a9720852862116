import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { openDataSource, postgresOptions } from '../../src/platform/database/data-source.js';
import { BoundedPool } from '../../src/platform/database/pool.js';
import { toDatabaseError } from '../../src/platform/database/sql-errors.js';
import { Transaction } from '../../src/platform/database/transaction.js';
import { DatabaseUnavailableError } from '../../src/platform/errors/platform.errors.js';
import { postgresServer } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { LossyProxy } from '../support/lossy-proxy.js';

const BOUND_MS = 2500;
const HEAL_MS = 5000;
const POOL_SIZE = 3;

const withPostgres = postgresServer === undefined ? describe.skip : describe;

withPostgres('a PostgreSQL that is lost', () => {
  const server = postgresServer ?? '';
  let proxy: LossyProxy;
  let warn: jest.SpiedFunction<Logger['warn']>;
  let dataSource: DataSource;
  let transaction: Transaction;

  const everyConnection = (sql: string): Promise<unknown[]> =>
    Promise.all(Array.from({ length: POOL_SIZE }, () => transaction.sql(sql)));

  async function expectUnavailable(work: Promise<unknown>): Promise<void> {
    const start = performance.now();
    const error: unknown = await work.then(
      () => 'success',
      (thrown: unknown) => thrown,
    );
    expect(toDatabaseError(error)).toBeInstanceOf(DatabaseUnavailableError);
    expect(performance.now() - start).toBeLessThan(BOUND_MS);
  }

  async function expectHealed(): Promise<void> {
    await proxy.open();
    await eventually(() => transaction.sql('select 1'), HEAL_MS);
    await everyConnection('select 1');
  }

  beforeEach(async () => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    proxy = await LossyProxy.to(server);
    dataSource = await new DataSource(postgresOptions(proxy.through(server), POOL_SIZE)).initialize();
    transaction = new Transaction(dataSource);
    await everyConnection('select pg_sleep(0.02)');
  });
  afterEach(async () => {
    if (dataSource.isInitialized) await dataSource.destroy();
    await proxy.cut();
    jest.restoreAllMocks();
  });

  it('is told when it refuses connections, and comes back', async () => {
    await proxy.cut();
    await expectUnavailable(transaction.sql('select 1'));
    await expectUnavailable(transaction.run(() => transaction.sql('select 1')));
    await expectUnavailable(dataSource.query('select 1'));
    await expectHealed();
  });

  it('is told to the statements that were out when it was cut, and comes back', async () => {
    const out = [
      transaction.sql('select pg_sleep(5)'),
      dataSource.query('select pg_sleep(5)'),
      transaction.run(() => transaction.sql('select pg_sleep(5)')),
    ].map((work) => expectUnavailable(work));
    await sleep(100);
    await proxy.cut();
    await Promise.all(out);
    await expectHealed();
  });

  it('is told to a transaction that was cut between two statements', async () => {
    const work = transaction.run(async () => {
      await transaction.sql('select 1');
      proxy.reset();
      await sleep(50);
      await transaction.manager.query('select 2');
    });
    await expectUnavailable(work);
    await expectHealed();
  });

  it('is told when it falls silent with idle connections, and comes back', async () => {
    proxy.swallow();
    await Promise.all([
      ...Array.from({ length: POOL_SIZE + 3 }, () => expectUnavailable(transaction.sql('select 1'))),
      expectUnavailable(transaction.run(() => transaction.sql('select 1'))),
    ]);
    await expectUnavailable(transaction.sql('select 1'));
    await expectHealed();
  });

  it('is told when it falls silent under running statements and between those of a transaction', async () => {
    const slow = transaction.sql('select pg_sleep(20)');
    slow.catch(() => undefined);
    let silent: () => void = () => undefined;
    const fallen = new Promise<void>((resolve) => (silent = resolve));
    const between = transaction.run(async () => {
      await transaction.sql('select 1');
      await fallen;
      await expectUnavailable(transaction.sql('select 2'));
      throw new DatabaseUnavailableError();
    });
    await sleep(1500);
    proxy.swallow();
    silent();
    await Promise.all([expectUnavailable(slow), expectUnavailable(between)]);
    await expectHealed();
  });

  it('is not suspected while it answers anything: slow statements finish', async () => {
    expect(await transaction.sql<{ done: number }>('select 1 as done from pg_sleep(4)')).toEqual([{ done: 1 }]);
  });

  it('bounds the wait for a connection while all are busy, and leaves those alone', async () => {
    const busy = everyConnection('select pg_sleep(3)');
    await sleep(50);
    await expectUnavailable(transaction.sql('select 1'));
    await busy;
  });

  it('refuses nobody in a burst that takes it longer than a silent server is waited for', async () => {
    const burst = Array.from({ length: 60 }, () => transaction.sql('select pg_sleep(0.2)'));
    const start = performance.now();
    expect(await Promise.all(burst)).toHaveLength(60);
    expect(performance.now() - start).toBeGreaterThan(2000);
  });

  it('is not suspected because this process was too busy to hear its answers', async () => {
    const busy = everyConnection('select pg_sleep(0.3)');
    const waiting = transaction.sql('select 1');
    await sleep(50); // The statements are out, and the wait for a connection has begun.
    const until = Date.now() + BOUND_MS;
    while (Date.now() < until);
    await expect(Promise.all([busy, waiting])).resolves.toBeDefined();
  });

  it('is told when an operator ends our session, and the next statement works', async () => {
    const work = transaction.run(() => transaction.sql('select pg_terminate_backend(pg_backend_pid())'));
    await expectUnavailable(work);
    expect(await transaction.sql('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('does not keep a shutdown waiting, neither silent nor at work', async () => {
    const out = transaction.sql('select pg_sleep(20)');
    out.catch(() => undefined);
    await transaction.sql('select 1');
    const start = performance.now();
    proxy.swallow();
    await dataSource.destroy();
    expect(performance.now() - start).toBeLessThan(BOUND_MS);
    await expectUnavailable(out);
  });

  it('is waited for at boot', async () => {
    await proxy.cut();
    const boot = openDataSource(postgresOptions(proxy.through(server), 1));
    await sleep(1200);
    await proxy.open();
    const booted = await boot;
    expect(await booted.query('select 1 as one')).toEqual([{ one: 1 }]);
    await booted.destroy();
    const awaited = expect.objectContaining({ event: 'database_awaited' });
    expect(warn).toHaveBeenCalledWith(awaited, expect.anything());
  });

  it('is not waited for at boot when it answers that it will not have us', async () => {
    const url = new URL(server);
    url.pathname = '/no_such_database';
    const boot = openDataSource(postgresOptions(url.href, 1));
    await expect(boot).rejects.toMatchObject({
      name: 'DatabaseUnavailableError',
      cause: { message: `${url.host}/no_such_database: database "no_such_database" does not exist` },
    });
  });
});

/** What a server says: that it knows us, that it is ready, and that it will not do what it was asked for. */
const KNOWN = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1');
const REFUSED = Buffer.from('E\0\0\0\x1cSERROR\0CXX000\0Mrefused\0\0Z\0\0\0\x05I', 'latin1');

describe('a connection that is refused its settings, by a server that then says nothing', () => {
  const sockets: Socket[] = [];
  const answers = [KNOWN, REFUSED];
  const silent = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      const answer = answers.shift();
      if (answer) socket.write(answer);
    });
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('is told to who waits for it', async () => {
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const pool = new BoundedPool({ host: '127.0.0.1', port, user: 'u', database: 'd', max: 1 });
    const refused = { name: 'DatabaseUnavailableError', cause: { code: 'XX000' } };
    const start = performance.now();
    await expect(pool.connect()).rejects.toMatchObject(refused);
    expect(performance.now() - start).toBeLessThan(BOUND_MS);
    await pool.end();
    expect(pool.totalCount).toBe(0);
  });
});
