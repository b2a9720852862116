import { Injectable, Logger } from '@nestjs/common';
import type { ClientBase, QueryResult } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { DatabaseUnavailableError } from '../errors/platform.errors.js';
import { ResearchPlatformError } from '../errors/research-platform.error.js';
import type { BoundedPool } from './pool.js';
import { toDatabaseError } from './sql-errors.js';
import { type AfterCommit, open, type OpenTransaction, openTransaction } from './transaction-context.js';
import type { WatchedClient } from './watched-client.js';

/**
 * The one way to a transaction. Repositories and job sending join it implicitly: what they send through `manager` or `sql`
 * belongs to the transaction that the present code runs in, if any.
 */
@Injectable()
export class Transaction {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Runs `fn` in a transaction, or within the one that is open already. Commits when it resolves, rolls back when it
   * throws. Never await the network inside: the embedded database serves nobody else meanwhile. No `Promise.all` inside.
   * @throws what `fn` throws; DatabaseUnavailableError when the connection is lost, where it is not known whether a commit
   *   that was under way has happened
   */
  async run<T>(fn: () => Promise<T>): Promise<T> {
    if (openTransaction()) return fn();
    const after: AfterCommit[] = [];
    const result = await this.dataSource
      .transaction((manager) => runInside(manager, after, fn))
      .catch((error: unknown) => {
        throw toDatabaseError(error) ?? error;
      });
    for (const hook of after) await settle(hook);
    return result;
  }

  /** The entity manager of the open transaction, or the default one outside of any. */
  get manager(): EntityManager {
    return openTransaction()?.manager ?? this.dataSource.manager;
  }

  /**
   * Runs after the commit, outside of the transaction; at once when none is open; never when it is rolled back. What a hook
   * throws after the commit is logged: it may not make what is committed look undone.
   */
  async afterCommit(hook: AfterCommit): Promise<void> {
    const store = openTransaction();
    if (!store) return hook();
    store.after.push(hook);
  }

  /**
   * Sends SQL and answers its rows, whatever the command; of several statements in one text the rows of all.
   * @throws pg's own errors (see `mapConstraint`), DatabaseUnavailableError
   */
  async sql<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const store = openTransaction();
    if (store) return rowsOf<Row>(store.client, text, values);
    const client = await (this.dataSource.driver as unknown as { master: BoundedPool }).master.connect();
    try {
      return await rowsOf<Row>(client, text, values);
    } catch (error) {
      await leaveTransaction(client as unknown as WatchedClient);
      throw error;
    } finally {
      client.release();
    }
  }
}

async function runInside<T>(manager: EntityManager, after: AfterCommit[], fn: () => Promise<T>): Promise<T> {
  const client = (await manager.queryRunner?.connect()) as WatchedClient;
  const store: OpenTransaction = { manager, client, after, closed: false };
  try {
    const result = await open.run(store, fn);
    // PostgreSQL answers the COMMIT of an aborted transaction by rolling it back, and calls that a success.
    if (await client.isAborted()) {
      throw new Error('A statement inside the transaction failed and its error was swallowed');
    }
    return result;
  } catch (error) {
    if (!client.lost || error instanceof ResearchPlatformError) throw error;
    throw new DatabaseUnavailableError({ cause: error });
  } finally {
    store.closed = true;
  }
}

async function settle(hook: AfterCommit): Promise<void> {
  try {
    await hook();
  } catch (err) {
    new Logger('Transaction').error({ event: 'after_commit_failed', err }, 'What was to follow a commit failed');
  }
}

/**
 * A text of several statements may begin a transaction of its own, as some of pg-boss's do. When it fails before its end, the
 * connection is still inside, where every statement of whoever gets it next would be refused.
 */
async function leaveTransaction(client: WatchedClient): Promise<void> {
  if (client.lost || !(await client.isAborted())) return;
  // When it is lost by now the pool drops it.
  await (client as ClientBase).query('rollback').catch(() => undefined);
}

async function rowsOf<Row>(client: ClientBase, text: string, values: readonly unknown[]): Promise<Row[]> {
  const result = (await client.query(text, [...values])) as QueryResult | QueryResult[];
  return (Array.isArray(result) ? result.flatMap(({ rows }) => rows as Row[]) : result.rows) as Row[];
}
