import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { problemDocument, problemHeaders } from '../errors/problem-document.js';
import { MalformedRequestError } from '../errors/platform.errors.js';
import { toDomainError } from '../errors/to-domain-error.js';
import { sendProblem } from './send-problem.js';

const BAD_ESCAPE = 'The URL is not valid: a percent sign begins an escape such as %20';

/** Fastify's errors from before routing (a URL that is none) as problems: the exception filter never sees them. */
export function answerFrameworkError(thrown: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const error = toDomainError(thrown) ?? new MalformedRequestError('The request could not be read');
  sendProblem(error, request, reply.header('x-request-id', request.id));
}

/** Refuses what HTTP/1.1 wants refused: left to itself, Node does so without a word. */
export function refuseWithoutHost(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.headers.host !== undefined || request.raw.httpVersion !== '1.1') return done();
    sendProblem(new MalformedRequestError('HTTP/1.1 asks for a Host header'), request, reply);
  });
}

/** Refuses query strings with escapes that are none: Fastify would read them as they stand, or as U+FFFD. */
export function refuseBadEscapes(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const query = request.url.slice(request.url.indexOf('?') + 1);
    if (!query.includes('%') || query === request.url || isDecodable(query)) return done();
    sendProblem(new MalformedRequestError(BAD_ESCAPE), request, reply);
  });
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Bytes that are no HTTP, or headers beyond Node's limit: answered on the bare socket, as there is no request yet. */
export function answerClientError(thrown: Error & { code?: string }, socket: Socket): void {
  if (thrown.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  const tooLarge = thrown.code === 'HPE_HEADER_OVERFLOW';
  const detail = tooLarge ? 'The request headers are too large' : 'The request is not valid HTTP';
  const error = new MalformedRequestError(detail);
  const requestId = randomUUID();
  const body = JSON.stringify(problemDocument(error, { url: '/', requestId }));
  const headers = { ...problemHeaders(error.slug, error.extras), 'x-request-id': requestId };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 400 Bad Request\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
