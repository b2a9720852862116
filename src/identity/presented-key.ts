import type { FastifyInstance } from 'fastify';
import { API_PREFIX } from '../platform/http/api-prefix.js';
import { sendProblem } from '../platform/http/send-problem.js';
import { isMistyped } from './api-keys/key-format.js';
import { UnauthorizedError } from './identity.errors.js';

const BEARER = /^bearer +([\x21-\x7e]{1,500}) *$/i;

/** The API key that a request presents in its `Authorization` header. @throws UnauthorizedError when it presents none */
export function presentedKey(header: string | undefined): string {
  if (header === undefined) throw new UnauthorizedError('Send an API key as Authorization: Bearer <api key>');
  const key = BEARER.exec(header)?.[1];
  if (key === undefined) throw new UnauthorizedError('The Authorization header is not of the form Bearer <api key>');
  return key;
}

/**
 * Answers 401 before the body is read where no look-up is needed to see that there is no key: whoever has none can neither
 * make us read a body nor learn what is wrong with it. The guard looks the key up.
 */
export function refuseWithoutKey(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.routeOptions.url?.startsWith(`${API_PREFIX}/`)) return done();
    try {
      if (isMistyped(presentedKey(request.headers.authorization))) throw new UnauthorizedError();
      done();
    } catch (error) {
      if (error instanceof UnauthorizedError) sendProblem(error, request, reply);
      else done(error as Error);
    }
  });
}
