import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  mixin,
  type NestInterceptor,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { lastValueFrom, type Observable, of } from 'rxjs';
import type { ProblemSlug } from '../errors/problems.js';
import { Transaction } from '../database/transaction.js';
import { IdempotencyRepository, type StoredAnswer } from './idempotency.repository.js';
import { type KeyedRequest, keyedRequestOf } from './keyed-request.js';

/** What a creating operation can answer with because of its key. */
export const IDEMPOTENCY_PROBLEMS: readonly ProblemSlug[] = ['idempotency-key-reused', 'request-in-progress'];

/** Headers of an answer that are given again. */
const KEPT_HEADERS = ['location', 'etag'];
const HEADER = {
  name: 'Idempotency-Key',
  required: false,
  description:
    'Up to 255 visible ASCII characters. For 24 hours the same request under the same key has no further effect, and is answered as the first was, with `Idempotency-Replayed: true`.',
};

/** Documents the key of an operation that sees to it by itself. */
export function ApiIdempotencyKey(): MethodDecorator {
  return ApiHeader(HEADER);
}

/** Tells that an answer is one under a key that was used before. */
export function markReplayed(reply: FastifyReply): void {
  void reply.header('idempotency-replayed', 'true');
}

/**
 * The operation is done once under an `Idempotency-Key`: its effect and its answer are committed together, so that what is
 * refused leaves no trace. Stands above `@Etagged`, whose header it keeps.
 * @param redact takes secrets out of the answer before it is stored
 */
export function Idempotent<Body>(redact: (body: Body) => Body = (body) => body): MethodDecorator {
  return applyDecorators(UseInterceptors(interceptorWith(redact)), ApiIdempotencyKey());
}

function interceptorWith<Body>(redact: (body: Body) => Body): Type<NestInterceptor> {
  @Injectable()
  class IdempotencyInterceptor implements NestInterceptor {
    constructor(
      @Inject(Transaction) private readonly transaction: Transaction,
      @Inject(IdempotencyRepository) private readonly keys: IdempotencyRepository,
    ) {}

    async intercept(context: ExecutionContext, next: CallHandler<Body>): Promise<Observable<unknown>> {
      const http = context.switchToHttp();
      const keyed = keyedRequestOf(http.getRequest<FastifyRequest>());
      if (!keyed) return next.handle();
      return of(await this.once(keyed, http.getResponse<FastifyReply>(), next));
    }

    private once(keyed: KeyedRequest, reply: FastifyReply, next: CallHandler<Body>): Promise<unknown> {
      return this.transaction.run(async () => {
        const known = await this.keys.claim(keyed);
        if (known?.answer) return replay(reply, known.answer);
        const body = await lastValueFrom(next.handle());
        const { statusCode: status } = reply;
        await this.keys.store(keyed, { status, headers: keptHeaders(reply), body: JSON.stringify(redact(body)) });
        return body;
      });
    }
  }
  return mixin(IdempotencyInterceptor);
}

function keptHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(
    KEPT_HEADERS.map((name) => [name, reply.getHeader(name)]).filter((entry): entry is [string, string] => {
      return typeof entry[1] === 'string';
    }),
  );
}

function replay(reply: FastifyReply, { status, headers, body }: StoredAnswer): unknown {
  void reply.status(status).headers(headers);
  markReplayed(reply);
  return JSON.parse(body) as unknown;
}
