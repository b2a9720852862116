import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyInstance } from 'fastify';

/** Fields that every log line within a request carries. */
export interface LogContext {
  request_id?: string;
  user_id?: number;
}

const storage = new AsyncLocalStorage<LogContext>();

/** The fields of the present request or job; empty outside of any. */
export function logContext(): Readonly<LogContext> {
  return storage.getStore() ?? {};
}

/** Adds fields to every further line of the present request. */
export function assignLogContext(fields: LogContext): void {
  const context = storage.getStore();
  if (context) Object.assign(context, fields);
}

/** Runs work that belongs to no request, such as a job, under its own fields. */
export function withLogContext<T>(fields: LogContext, work: () => T): T {
  return storage.run(fields, work);
}

/** Opens a context for each request. */
export function openLogContext(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    storage.run({ request_id: request.id }, done);
  });
}
