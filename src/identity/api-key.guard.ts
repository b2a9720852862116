import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_PREFIX } from '../platform/http/api-prefix.js';
import { assignLogContext } from '../platform/logging/log-context.js';
import { RateLimits } from '../platform/rate-limits/rate-limits.js';
import { Authenticator } from './api-keys/authenticator.js';
import { REQUIRED_SCOPE } from './authorized.decorator.js';
import { ForbiddenError, UnauthorizedError } from './identity.errors.js';
import { presentedKey } from './presented-key.js';
import type { Scope } from './scope.js';

/**
 * Lets a request under `/api/v1` pass only with an API key that has the scope of its operation, and puts the user on it. An
 * operation that forgot `@Authorized` is closed to everyone. Outside the prefix there is nothing of anybody's, and no key.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly rateLimits: RateLimits,
  ) {}

  /**
   * @throws UnauthorizedError without a valid key
   * @throws ForbiddenError naming the scope that the key lacks
   * @throws RateLimitedError when the user has sent too many requests
   * @throws DatabaseUnavailableError when nobody can tell
   */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const required = requiredScope(context);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    // The route's own template, not the URL: no spelling of a path leads around the guard.
    const underPrefix = request.routeOptions.url?.startsWith(`${API_PREFIX}/`) ?? true;
    if (required === undefined && !underPrefix) return true;

    const user = await this.authenticator.authenticate(presentedKey(request.headers.authorization));
    if (!user) throw new UnauthorizedError();
    request.user = user;
    assignLogContext({ user_id: user.id });
    await this.rateLimits.admit(user.id, context.switchToHttp().getResponse<FastifyReply>());
    if (required === undefined) throw new ForbiddenError('No API key opens this operation');
    if (required !== null && !user.scopes.has(required)) throw ForbiddenError.missingScope(required);
    return true;
  }
}

/** Undefined: the operation was not marked by `@Authorized`; null: any valid key. */
function requiredScope(context: ExecutionContext): Scope | null | undefined {
  const places = [context.getHandler(), context.getClass()];
  const marked = places.find((place) => Reflect.hasMetadata(REQUIRED_SCOPE, place));
  return marked && (Reflect.getMetadata(REQUIRED_SCOPE, marked) as Scope | null);
}
