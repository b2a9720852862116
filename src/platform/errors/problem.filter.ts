import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { problemDocument, problemHeaders } from './problem-document.js';
import { problemDefinition } from './problems.js';
import { ResearchPlatformError } from './research-platform.error.js';
import { toDomainError } from './to-domain-error.js';

/** The one place where an error becomes an HTTP answer: `application/problem+json` by the problem table. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: PinoLogger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = this.explain(thrown);
    if (reply.sent || reply.raw.headersSent) {
      // A stream that has begun cannot turn into a problem: cutting it is the only honest sign left.
      reply.raw.destroy();
      return;
    }
    for (const name of ['etag', 'location', 'preference-applied']) reply.removeHeader(name);
    void reply
      .status(problemDefinition(error.slug).status)
      .headers(problemHeaders(error.slug, error.extras))
      .send(JSON.stringify(problemDocument(error, { url: request.originalUrl, requestId: request.id })));
  }

  private explain(thrown: unknown): ResearchPlatformError {
    const error = toDomainError(thrown);
    if (!error) {
      this.logger.error({ event: 'internal_error', err: thrown }, 'Unhandled error');
      return new ResearchPlatformError(
        'internal-error',
        'An unexpected error occurred; the operator finds it by request_id',
      );
    }
    if (error.slug === 'database-unavailable') {
      this.logger.warn({ event: 'database_unavailable', err: error.cause ?? error }, error.detail);
    }
    return error;
  }
}
