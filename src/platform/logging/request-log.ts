import type { FastifyInstance } from 'fastify';
import type { PinoLogger } from 'nestjs-pino';

/** Logs one line for each finished request: method, path without query, status, duration. Probes log at debug. */
export function logRequests(fastify: FastifyInstance, logger: PinoLogger): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const line = {
      event: 'request_completed',
      method: request.method,
      path: request.url.split('?', 1)[0],
      status_code: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 1000) / 1000,
    };
    const probe = request.url.startsWith('/health/') || request.url.startsWith('/metrics');
    if (probe) logger.debug(line);
    else logger.info(line);
    done();
  });
}
