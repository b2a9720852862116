import type { FastifyInstance } from 'fastify';
import findMyWay from 'find-my-way';
import { ResearchPlatformError } from '../errors/research-platform.error.js';
import { sendProblem } from './send-problem.js';

/**
 * Answers 405 with `Allow` where the path exists but not with the method; Fastify alone would say 404. Must be registered
 * before the routes, whose methods it collects.
 */
export function answerMethodNotAllowed(fastify: FastifyInstance): void {
  const paths = findMyWay({ ignoreTrailingSlash: false });
  const methods = new Map<string, Set<string>>();

  fastify.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    const known = methods.get(url);
    const allowed = known ?? new Set<string>();
    for (const name of [method].flat()) allowed.add(name);
    if (known) return;
    methods.set(url, allowed);
    paths.on('GET', url, () => undefined, allowed);
  });

  fastify.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return undefined;
    const allowed = paths.find('GET', request.url.split('?', 1)[0] ?? '/')?.store as Set<string> | undefined;
    if (!allowed) return undefined;
    const allow = [...allowed].sort().join(', ');
    const error = new ResearchPlatformError(
      'method-not-allowed',
      `${request.method} is not allowed here; allowed: ${allow}`,
    );
    sendProblem(error, request, reply.header('allow', allow));
    return reply;
  });
}
