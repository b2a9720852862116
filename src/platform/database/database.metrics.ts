import type { Pool } from 'pg';
import { Counter, Gauge } from 'prom-client';

type PoolCounts = Pick<Pool, 'totalCount' | 'idleCount' | 'waitingCount'>;

const pools = new Set<PoolCounts>();

/** Statements sent to the database by this process. */
export const QUERIES = new Counter({
  name: 'dossier_database_queries_total',
  help: 'Statements sent to the database',
});

/** Publishes a pool's connections and waiting callers, until the function that it answers is called. */
export function measurePool(pool: PoolCounts): () => void {
  pools.add(pool);
  return () => pools.delete(pool);
}

function sum(count: keyof PoolCounts): number {
  return [...pools].reduce((total, pool) => total + pool[count], 0);
}

void new Gauge({
  name: 'dossier_database_pool_connections',
  help: 'Connections of the pool, and callers that wait for one',
  labelNames: ['state'],
  collect() {
    this.set({ state: 'total' }, sum('totalCount'));
    this.set({ state: 'idle' }, sum('idleCount'));
    this.set({ state: 'waiting' }, sum('waitingCount'));
  },
});
