import type { FastifyInstance } from 'fastify';
import { ShuttingDownError } from '../errors/platform.errors.js';
import type { Lifecycle } from '../health/lifecycle.js';
import { sendProblem } from './send-problem.js';

/** How long what is already written has to reach its reader, once all work has ended. */
const FLUSH_MS = 2000;

/** Refuses new requests once a shutdown has begun, on connections that are still open; the probes still answer. */
export function refuseWhileStopping(fastify: FastifyInstance, lifecycle: Lifecycle): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!lifecycle.stopping || request.url.startsWith('/health/')) return done();
    sendProblem(new ShuttingDownError(), request, reply);
  });
  // Answers that begin now say that their connection will be closed: a client that used it again would lose its next request.
  fastify.addHook('onSend', async (_request, reply, payload) => {
    if (lifecycle.stopping) void reply.header('connection', 'close');
    return payload;
  });
  // A connection whose answer ends after the server was told to close would be kept alive, and the process with it.
  fastify.addHook('onResponse', (request, _reply, done) => {
    if (lifecycle.stopping) request.raw.socket.destroySoon();
    done();
  });
  // Whoever does not read, or never sent a request, does not hold the process up.
  fastify.addHook('preClose', (done) => {
    setTimeout(() => fastify.server.closeAllConnections(), FLUSH_MS).unref();
    done();
  });
}
