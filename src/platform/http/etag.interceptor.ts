import { Readable } from 'node:stream';
import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { etagOf, tagged } from './etag.js';

/** Sets the ETag of the answer's body unless the handler has set one, and answers 304 where the client has it already. */
@Injectable()
class EtagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((body: unknown) => {
        if (body instanceof Readable) return body;
        const given = reply.getHeader('etag');
        const etag = typeof given === 'string' ? given : etagOf(body);
        return tagged(http.getRequest<FastifyRequest>(), reply, body, etag);
      }),
    );
  }
}

/** The answer is one resource that can change: it carries a strong ETag and honours `If-None-Match`. */
export function Etagged(): MethodDecorator {
  return applyDecorators(
    UseInterceptors(EtagInterceptor),
    ApiHeader({ name: 'If-None-Match', required: false, description: 'ETag that you have; unchanged answers 304' }),
  );
}

/** Documents the optional `If-Match` of an operation that changes a resource. */
export function ApiIfMatch(required = false): MethodDecorator {
  return ApiHeader({ name: 'If-Match', required, description: 'ETag that the resource must still have; else 412' });
}
