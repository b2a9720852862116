import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { UnauthorizedError } from './identity.errors.js';
import type { Scope } from './scope.js';
import type { ApiKeyId, UserId } from './user-id.js';

/** Who makes the request, and by which key. */
export interface AuthenticatedUser {
  readonly id: UserId;
  readonly keyId: ApiKeyId;
  readonly scopes: ReadonlySet<Scope>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the API key guard; undefined on open routes and before the guard has run. */
    user?: AuthenticatedUser;
  }
}

/**
 * Injects the `AuthenticatedUser` of the request.
 * @throws UnauthorizedError on a route that the guard leaves open: nobody is no user.
 */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): AuthenticatedUser => {
  const { user } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!user) throw new UnauthorizedError();
  return user;
});
