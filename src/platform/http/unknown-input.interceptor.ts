import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { ValidationFailedError } from '../errors/platform.errors.js';
import type { FieldError } from '../errors/research-platform.error.js';
import { API_PREFIX } from './api-prefix.js';
import { emptyBody, pointerSegment } from './json-body.js';

/**
 * Refuses query parameters and fields of a body on operations that take none, and an empty body on those that take one. Where an
 * operation takes some, the validation of its class refuses the others.
 */
@Injectable()
export class UnknownInputInterceptor implements NestInterceptor {
  private readonly parameters = new WeakMap<object, readonly string[]>();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.url.startsWith(API_PREFIX)) {
      if (this.missesBody(context, request)) throw emptyBody();
      const errors = [...this.unknownQuery(context, request), ...this.unknownBody(context, request)];
      if (errors.length > 0) throw new ValidationFailedError(errors);
    }
    return next.handle();
  }

  private unknownQuery(context: ExecutionContext, { query }: FastifyRequest): FieldError[] {
    const names = Object.keys(query as object);
    if (names.length === 0 || this.takes(context, RouteParamtypes.QUERY)) return [];
    return names.map((parameter) => ({ parameter, detail: 'is not a known parameter' }));
  }

  private missesBody(context: ExecutionContext, request: FastifyRequest): boolean {
    const { body, headers } = request;
    return body === undefined && headers['content-type'] !== undefined && this.takesBody(context, request);
  }

  private unknownBody(context: ExecutionContext, request: FastifyRequest): FieldError[] {
    const { body } = request;
    if (body === undefined || body === null || this.takesBody(context, request)) return [];
    if (typeof body !== 'object' || Array.isArray(body)) return [{ pointer: '', detail: 'must be left out' }];
    return Object.keys(body).map((name) => ({ pointer: `/${pointerSegment(name)}`, detail: 'is not a known field' }));
  }

  private takesBody(context: ExecutionContext, { routeOptions }: FastifyRequest): boolean {
    // Lines are read by the operation itself.
    return 'ndjson' in routeOptions.config || this.takes(context, RouteParamtypes.BODY);
  }

  private takes(context: ExecutionContext, kind: RouteParamtypes): boolean {
    const handler = context.getHandler();
    let keys = this.parameters.get(handler);
    if (!keys) {
      keys = Object.keys((Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler.name) ?? {}) as object);
      this.parameters.set(handler, keys);
    }
    return keys.some((key) => key.startsWith(`${kind}:`));
  }
}
