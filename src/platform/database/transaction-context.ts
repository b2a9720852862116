import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager } from 'typeorm';
import type { WatchedClient } from './watched-client.js';

/** Runs once the transaction is committed. */
export type AfterCommit = () => void | Promise<void>;

/** The transaction that the present code runs in. */
export interface OpenTransaction {
  readonly manager: EntityManager;
  readonly client: WatchedClient;
  readonly after: AfterCommit[];
  closed: boolean;
}

/** Carries the open transaction along with the asynchronous work that belongs to it. */
export const open = new AsyncLocalStorage<OpenTransaction>();

/** Whether the present code runs inside a transaction that is still open. */
export function insideTransaction(): boolean {
  const store = open.getStore();
  return store !== undefined && !store.closed;
}

/**
 * The transaction that the present code runs in, if any.
 * @throws Error when it is over: work that was not awaited would run on a connection that belongs to somebody else by then
 */
export function openTransaction(): OpenTransaction | undefined {
  const store = open.getStore();
  if (store?.closed) throw new Error('This work outlived its transaction: something inside it was not awaited');
  return store;
}
