import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemDocument, problemHeaders } from '../errors/problem-document.js';
import { problemDefinition } from '../errors/problems.js';
import type { ResearchPlatformError } from '../errors/research-platform.error.js';

/** Answers with a domain error from a hook, before the exception filter is in reach. */
export function sendProblem(error: ResearchPlatformError, request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .status(problemDefinition(error.slug).status)
    .headers(problemHeaders(error.slug, error.extras))
    .send(JSON.stringify(problemDocument(error, { url: request.url, requestId: request.id })));
}
