import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { RateLimits } from '../platform/rate-limits/rate-limits.js';
import { ApiKeyGuard } from './api-key.guard.js';
import type { Authenticator } from './api-keys/authenticator.js';
import { Authorized } from './authorized.decorator.js';
import type { AuthenticatedUser } from './current-user.decorator.js';
import { ForbiddenError, UnauthorizedError } from './identity.errors.js';
import type { ApiKeyId, UserId } from './user-id.js';

class Routes {
  @Authorized('write')
  change(): void {}

  @Authorized(null)
  whoever(): void {}

  forgotten(): void {}
}

const user: AuthenticatedUser = { id: 2 as UserId, keyId: 3 as ApiKeyId, scopes: new Set(['read', 'run']) };
const admitted: number[] = [];
const guard = new ApiKeyGuard(
  { authenticate: async (key: string) => (key === 'valid' ? user : null) } as unknown as Authenticator,
  {
    admit: async (userId: number) => {
      admitted.push(userId);
    },
  } as unknown as RateLimits,
);

function visit(route: keyof Routes, authorization?: string, url = '/api/v1/things') {
  const request = { headers: { authorization }, routeOptions: { url } } as unknown as FastifyRequest;
  const context = {
    getHandler: () => Routes.prototype[route],
    getClass: () => Routes,
    switchToHttp: () => ({ getRequest: () => request, getResponse: () => ({}) }),
  } as unknown as ExecutionContext;
  return { request, verdict: guard.canActivate(context) };
}

describe('ApiKeyGuard', () => {
  it('counts the requests of users, also those that their scopes do not allow, and of nobody else', async () => {
    admitted.length = 0;
    await visit('whoever', 'Bearer valid').verdict;
    await expect(visit('change', 'Bearer valid').verdict).rejects.toThrow(ForbiddenError);
    await expect(visit('whoever', 'Bearer unknown').verdict).rejects.toThrow(UnauthorizedError);
    expect(admitted).toEqual([user.id, user.id]);
  });

  it('puts the user of a valid key on the request', async () => {
    const { request, verdict } = visit('whoever', 'Bearer valid');
    expect(await verdict).toBe(true);
    expect(request.user).toBe(user);
  });

  it.each(['bearer valid', 'BEARER   valid', 'Bearer valid  '])('reads the header %j', async (header) => {
    expect(await visit('whoever', header).verdict).toBe(true);
  });

  it.each([undefined, '', 'valid', 'Basic valid', 'Bearer', 'Bearer ', 'Bearer one two', `Bearer ${'x'.repeat(501)}`])(
    'answers unauthorized to the header %j',
    async (header) => {
      await expect(visit('whoever', header).verdict).rejects.toThrow(UnauthorizedError);
    },
  );

  it('answers unauthorized to a key that is not valid', async () => {
    await expect(visit('whoever', 'Bearer unknown').verdict).rejects.toThrow('unknown, expired or revoked');
  });

  it('names the scope that the key lacks', async () => {
    const { verdict } = visit('change', 'Bearer valid');
    await expect(verdict).rejects.toThrow(ForbiddenError);
    await expect(verdict).rejects.toThrow('"write"');
  });

  it('closes an operation that forgot to say what it needs', async () => {
    await expect(visit('forgotten', 'Bearer valid').verdict).rejects.toThrow(ForbiddenError);
    await expect(visit('forgotten').verdict).rejects.toThrow(UnauthorizedError);
  });

  it('asks no key outside the prefix', async () => {
    expect(await visit('forgotten', undefined, '/health/live').verdict).toBe(true);
  });
});
