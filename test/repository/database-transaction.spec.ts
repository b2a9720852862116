import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { mapConstraint, mayPass, toDatabaseError } from '../../src/platform/database/sql-errors.js';
import { ConflictError, DatabaseBusyError, ValidationFailedError } from '../../src/platform/errors/platform.errors.js';
import { freshDatabase, onPostgres, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

describe('a transaction', () => {
  let database: TestDatabase;
  const sql: TestDatabase['transaction']['sql'] = (text, values) => database.transaction.sql(text, values);
  const insert = (id: number): Promise<unknown> => sql('insert into notes (id) values ($1)', [id]);
  const ids = async (): Promise<number[]> =>
    (await sql<{ id: number }>('select id from notes order by id')).map(({ id }) => id);

  beforeAll(async () => {
    database = await freshDatabase();
    await sql('create table notes (id bigint constraint notes_pkey primary key)');
  });
  beforeEach(async () => {
    await sql('delete from notes');
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await database.close();
  });

  it('commits what was done inside, by SQL and by the entity manager, and gives the result', async () => {
    const { transaction } = database;
    const result = await transaction.run(async () => {
      await insert(1);
      await transaction.manager.query('insert into notes (id) values (2)');
      return ids();
    });
    expect(result).toEqual([1, 2]);
    expect(await ids()).toEqual([1, 2]);
  });

  it('rolls back when the work throws, with the very error', async () => {
    const error = new ConflictError('taken');
    const work = database.transaction.run(async () => {
      await insert(1);
      throw error;
    });
    await expect(work).rejects.toBe(error);
    expect(await ids()).toEqual([]);
  });

  it('is joined by a transaction inside it', async () => {
    const { transaction } = database;
    const work = transaction.run(async () => {
      await transaction.run(() => insert(1));
      throw new Error('after the inner one');
    });
    await expect(work).rejects.toThrow('after the inner one');
    expect(await ids()).toEqual([]);
  });

  it('leaves nothing behind on its connection, however many statements fail', async () => {
    const { transaction } = database;
    const listeners = (): Promise<number> =>
      transaction.run(async () => {
        const client = (await transaction.manager.queryRunner?.connect()) as EventEmitter;
        return client.listenerCount('end') + client.listenerCount('drain') + client.listenerCount('error');
      });
    const before = await listeners();
    await insert(1);
    for (let n = 0; n < 20; n += 1) await expect(insert(1)).rejects.toThrow();
    expect(await listeners()).toBe(before);
  });

  it('is refused when a failed statement inside it was swallowed', async () => {
    const work = database.transaction.run(async () => {
      await insert(1);
      await insert(1).catch(() => undefined);
    });
    await expect(work).rejects.toThrow('its error was swallowed');
    expect(await ids()).toEqual([]);
  });

  it('refuses work that outlives it', async () => {
    const { transaction } = database;
    let leaked: Promise<unknown> = Promise.resolve();
    await transaction.run(async () => {
      leaked = sleep(50).then(() => insert(1));
      leaked.catch(() => undefined);
      await insert(2);
    });
    await expect(leaked).rejects.toThrow('outlived its transaction');
    expect(await ids()).toEqual([2]);
  });

  it('keeps apart what runs at the same time', async () => {
    const { transaction } = database;
    const failing = transaction.run(async () => {
      await insert(1);
      await insert(2);
      throw new Error('only this one');
    });
    await Promise.all([expect(failing).rejects.toThrow('only this one'), transaction.run(() => insert(3)), insert(4)]);
    expect(await ids()).toEqual([3, 4]);
  });

  if (!onPostgres) {
    it('makes a query that bypasses it fail, where it would wait for ever', async () => {
      const { transaction, dataSource } = database;
      const work = transaction.run(async () => {
        await insert(1);
        await dataSource.query('select 1');
      });
      await expect(work).rejects.toThrow('bypassed its open transaction');
      expect(await ids()).toEqual([]);
    });
  }

  describe('afterCommit', () => {
    it('runs once committed, outside of the transaction', async () => {
      const { transaction } = database;
      const seen: number[][] = [];
      await transaction.run(async () => {
        await transaction.afterCommit(async () => {
          await transaction.run(() => insert(2));
          seen.push(await ids());
        });
        await insert(1);
        expect(seen).toEqual([]);
      });
      expect(seen).toEqual([[1, 2]]);
    });

    it('runs at once outside of any, and tells its error', async () => {
      const hook = jest.fn<() => void>();
      await database.transaction.afterCommit(hook);
      expect(hook).toHaveBeenCalledTimes(1);
      const failing = database.transaction.afterCommit(() => Promise.reject(new Error('told')));
      await expect(failing).rejects.toThrow('told');
    });

    it('never runs when rolled back', async () => {
      const { transaction } = database;
      const hook = jest.fn<() => void>();
      const work = transaction.run(async () => {
        await transaction.afterCommit(hook);
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect(hook).not.toHaveBeenCalled();
    });

    it('does not make what is committed look undone when it fails: it is logged, and the next one runs', async () => {
      const { transaction } = database;
      const log = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
      const next = jest.fn<() => void>();
      await transaction.run(async () => {
        await insert(1);
        await transaction.afterCommit(() => Promise.reject(new Error('late')));
        await transaction.afterCommit(next);
      });
      expect(next).toHaveBeenCalledTimes(1);
      expect(log).toHaveBeenCalledTimes(1);
      expect(await ids()).toEqual([1]);
    });
  });

  describe('sql', () => {
    it('gives the rows of whatever returns some, in and outside of a transaction', async () => {
      const { transaction } = database;
      const work = async (): Promise<unknown[]> => [
        await sql('insert into notes (id) values ($1) returning id', [7]),
        await sql('update notes set id = $1 returning id', [8]),
        await sql('delete from notes returning id'),
        await sql('delete from notes'),
        await sql('select 1 as a; select 2 as a'),
      ];
      const expected = [[{ id: 7 }], [{ id: 8 }], [{ id: 8 }], [], [{ a: 1 }, { a: 2 }]];
      expect(await work()).toEqual(expected);
      expect(await transaction.run(work)).toEqual(expected);
    });

    it('leaves no connection inside a transaction that a text of several statements began and did not end', async () => {
      await expect(sql('begin; select 1 / 0; commit')).rejects.toThrow('division by zero');
      // Whichever connection comes next.
      await Promise.all(Array.from({ length: 10 }, (_, id) => insert(id + 1)));
      expect(await ids()).toHaveLength(10);
    });

    it('gives bigint as a number up to 2^53 - 1, and fails beyond instead of rounding', async () => {
      const [row] = await sql('select 9007199254740991::bigint as most, -9007199254740991::bigint as least');
      expect(row).toEqual({ most: Number.MAX_SAFE_INTEGER, least: Number.MIN_SAFE_INTEGER });
      await expect(sql('select 9007199254740992::bigint as n')).rejects.toThrow(RangeError);
      await expect(sql('select -9007199254740993::bigint as n')).rejects.toThrow(RangeError);
    });

    it('sends a statement that is named on PostgreSQL with other values', async () => {
      const text = 'select $1::text || $2 as joined';
      expect(await sql(text, ['a', 'b'])).toEqual([{ joined: 'ab' }]);
      expect(await sql(text, ['c', null])).toEqual([{ joined: null }]);
      const [prepared] = await database.transaction.run(async () => {
        await sql(text, ['d', 'e']);
        return sql<{ count: number }>(
          'select count(*)::int as count from pg_prepared_statements where statement = $1',
          [text],
        );
      });
      expect(prepared?.count).toBe(onPostgres ? 1 : 0);
    });

    it('recovers when a migration has changed the result of a named statement', async () => {
      const text = 'select * from notes where id >= $1';
      await insert(1);
      await sql(text, [0]);
      await sql('alter table notes add column note text');
      await sql(text, [0]).catch(() => undefined);
      expect(await sql(text, [0])).toEqual([{ id: 1, note: null }]);
      await sql('alter table notes drop column note');
      await sql(text, [0]).catch(() => undefined);
    });
  });

  describe('errors of SQL', () => {
    const duplicate = async (): Promise<unknown> => {
      await insert(1);
      return insert(1);
    };
    const managerDuplicate = async (): Promise<unknown> => {
      await insert(1);
      return database.transaction.manager.query('insert into notes (id) values (1)');
    };

    it.each([
      ['sql', duplicate],
      ['the entity manager', managerDuplicate],
    ])('become the domain error of the violated constraint, from %s', async (_, work) => {
      const mapped = work().catch((error: unknown) =>
        mapConstraint(error, { notes_pkey: () => new ConflictError('x') }),
      );
      await expect(mapped).rejects.toBeInstanceOf(ConflictError);
    });

    it('stay as they are for a constraint without a domain error, and for what is no violation', async () => {
      const violation: unknown = await duplicate().catch((error: unknown) => error);
      expect(() => mapConstraint(violation, { other_key: () => new ConflictError('x') })).toThrow(violation as Error);
      const other = new Error('notes_pkey');
      expect(() => mapConstraint(other, { notes_pkey: () => new ConflictError('x') })).toThrow(other);
      expect(toDatabaseError(violation)).toBeNull();
    });

    // The embedded database is one session: nothing of it waits for anything.
    (onPostgres ? it : it.skip)('tell whose work crossed that of others that it may be done again', async () => {
      await insert(1);
      await insert(2);
      const touch = (id: number) => sql('update notes set id = id where id = $1', [id]);
      let touched = 0;
      const cross = (first: number) =>
        database.transaction.run(async () => {
          await touch(first);
          touched += 1;
          await until('Both', () => Promise.resolve(touched === 2));
          await touch(3 - first);
        });
      const outcomes = await Promise.allSettled([cross(1), cross(2)]);
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const [victim] = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(victim?.reason).toBeInstanceOf(DatabaseBusyError);
      expect([victim?.reason.slug, mayPass(victim?.reason)]).toEqual(['database-unavailable', true]);
    });

    it('tell a character that cannot be stored as invalid input', async () => {
      const error: unknown = await sql('select $1::text', ['\u0000']).catch((thrown: unknown) => thrown);
      expect(toDatabaseError(error)).toBeInstanceOf(ValidationFailedError);
    });
  });
});
