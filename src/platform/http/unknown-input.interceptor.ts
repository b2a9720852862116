import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { ValidationFailedError } from '../errors/platform.errors.js';
import type { FieldError } from '../errors/research-platform.error.js';
import { API_PREFIX } from './api-prefix.js';
import { pointerSegment } from './json-body.js';

/**
 * Refuses query parameters and fields of a body on operations that take none. Where an operation takes some, the validation of
 * its class refuses the others.
 */
@Injectable()
export class UnknownInputInterceptor implements NestInterceptor {
  private readonly parameters = new WeakMap<object, readonly string[]>();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.url.startsWith(API_PREFIX)) {
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

  private unknownBody(context: ExecutionContext, { body, routeOptions }: FastifyRequest): FieldError[] {
    // Lines are read by the operation itself.
    if (body === undefined || body === null || 'ndjson' in routeOptions.config) return [];
    if (this.takes(context, RouteParamtypes.BODY)) return [];
    if (typeof body !== 'object' || Array.isArray(body)) return [{ pointer: '', detail: 'must be left out' }];
    return Object.keys(body).map((name) => ({ pointer: `/${pointerSegment(name)}`, detail: 'is not a known field' }));
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
