import { Injectable } from '@nestjs/common';
import type { QueryResult } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import type { BoundedPool } from './pool.js';
import { type AfterCommit, assertOpen, open, type OpenTransaction } from './transaction-context.js';

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
   */
  async run<T>(fn: () => Promise<T>): Promise<T> {
    if (open.getStore()) return this.guarded(fn);
    const after: AfterCommit[] = [];
    const result = await this.dataSource.transaction(async (manager) => {
      const store: OpenTransaction = { manager, after, closed: false };
      try {
        return await open.run(store, fn);
      } finally {
        store.closed = true;
      }
    });
    for (const hook of after) await open.exit(hook);
    return result;
  }

  /** The entity manager of the open transaction, or the default one outside of any. */
  get manager(): EntityManager {
    const store = open.getStore();
    if (!store) return this.dataSource.manager;
    assertOpen(store);
    return store.manager;
  }

  /** Runs after the commit, outside of the transaction; at once when none is open; never when it is rolled back. */
  async afterCommit(hook: AfterCommit): Promise<void> {
    const store = open.getStore();
    if (!store) return hook();
    assertOpen(store);
    store.after.push(hook);
  }

  /** Sends one SQL statement and answers its rows. @throws pg's errors as they are, DatabaseUnavailableError */
  async sql<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const store = open.getStore();
    if (store) {
      assertOpen(store);
      const result: unknown = await store.manager.queryRunner?.query(text, [...values], true);
      return (result as { records: Row[] }).records;
    }
    const result = (await this.pool.query(text, [...values])) as QueryResult | QueryResult[];
    // Several statements in one text, as pg-boss sends them, give a result each.
    return (Array.isArray(result) ? result.flatMap(({ rows }) => rows as Row[]) : result.rows) as Row[];
  }

  private get pool(): BoundedPool {
    return (this.dataSource.driver as unknown as { master: BoundedPool }).master;
  }

  private guarded<T>(fn: () => Promise<T>): Promise<T> {
    const store = open.getStore();
    if (store) assertOpen(store);
    return fn();
  }
}
