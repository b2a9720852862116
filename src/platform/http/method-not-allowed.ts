import type { FastifyInstance } from 'fastify';
import findMyWay from 'find-my-way';
import { ResearchPlatformError } from '../errors/research-platform.error.js';
import { sendProblem } from './send-problem.js';

/** For Fastify's own router and for the one that finds what is allowed; find-my-way's default of 100 would turn 405 into 404. */
export const MAX_PATH_PARAMETER_LENGTH = 1000;

/**
 * Answers 405 with `Allow` where the path exists but not with the method; Fastify alone would say 404. Must be registered
 * before the routes, whose methods it collects.
 */
export function answerMethodNotAllowed(fastify: FastifyInstance): void {
  const paths = findMyWay({ ignoreTrailingSlash: false, maxParamLength: MAX_PATH_PARAMETER_LENGTH });
  const methods = new Map<string, Set<string>>();

  fastify.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    // Controllers may name the same path parameter differently; it is one path all the same.
    const path = url.replace(/:\w+/g, ':parameter');
    const known = methods.get(path);
    const allowed = known ?? new Set<string>();
    for (const name of [method].flat()) allowed.add(name);
    if (known) return;
    methods.set(path, allowed);
    paths.on('GET', path, () => undefined, allowed);
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
