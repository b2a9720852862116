/** What the worker needs to start. */
export interface WorkerOrders {
  readonly databaseDir: string;
  readonly socketPath: string;
}

/** What the worker tells; any message to it means: close. */
export type WorkerReport = { readonly ready: true } | { readonly closed: true };
