import { Counter, Gauge } from 'prom-client';
import type { Pool } from 'pg';

/** Statements sent to the database by this process. */
export const QUERIES = new Counter({
  name: 'dossier_database_queries_total',
  help: 'Statements sent to the database',
});

/** Publishes a pool's connections and waiting callers. */
export function measurePool(pool: Pick<Pool, 'totalCount' | 'idleCount' | 'waitingCount'>): void {
  new Gauge({
    name: 'dossier_database_pool_connections',
    help: 'Connections of the pool, and callers that wait for one',
    labelNames: ['state'],
    collect() {
      this.set({ state: 'total' }, pool.totalCount);
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'waiting' }, pool.waitingCount);
    },
  });
}
