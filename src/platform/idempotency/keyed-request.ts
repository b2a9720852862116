import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import stringify from 'safe-stable-stringify';
import { MalformedRequestError } from '../errors/platform.errors.js';

const KEY = /^[\x21-\x7e]{1,255}$/;

/** A request under an `Idempotency-Key`. */
export interface KeyedRequest {
  readonly userId: number;
  readonly key: string;
  /** The same for requests of the same method, path and body, in whichever order the body's members stand. */
  readonly fingerprint: string;
}

/**
 * The request's key and what it stands for; null when it came without one.
 * @throws MalformedRequestError when the key is not one of 1 to 255 visible ASCII characters
 */
export function keyedRequestOf(request: FastifyRequest): KeyedRequest | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new MalformedRequestError('Idempotency-Key must be 1 to 255 visible ASCII characters');
  }
  const { user } = request as { user?: { id: number } };
  if (!user) throw new Error('An idempotency key was looked at before its user was known');
  return { userId: user.id, key, fingerprint: fingerprintOf(request.method, request.url, request.body) };
}

/** A digest of what makes two requests the same. */
export function fingerprintOf(method: string, url: string, body: unknown): string {
  const text = `${method} ${url}\n${stringify(body) ?? ''}`;
  return createHash('sha256').update(text).digest('base64url');
}

/** Injects the request's `KeyedRequest`, or null. */
export const Keyed = createParamDecorator((_: unknown, context: ExecutionContext): KeyedRequest | null =>
  keyedRequestOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
