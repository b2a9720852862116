import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PreconditionFailedError } from '../errors/platform.errors.js';

function digest(representation: unknown): string {
  return createHash('sha1').update(JSON.stringify(representation)).digest('base64url').slice(0, 22);
}

/**
 * Strong ETag of a representation. What is only sometimes included (`extra`) makes a second part, so that `If-Match` can
 * compare the resource itself whichever representation the client read.
 */
export function etagOf(representation: unknown, extra?: unknown): string {
  return extra === undefined ? `"${digest(representation)}"` : `"${digest(representation)}.${digest(extra)}"`;
}

const NO_STRONG_TAG = 'If-Match does not name the present ETag: it names no strong one, in double quotes';

/** A list of entity tags as in `If-Match` and `If-None-Match`. */
class EntityTags {
  private readonly tags: readonly string[];

  constructor(header: string) {
    this.tags = header.trim() === '*' ? ['*'] : (header.match(/(W\/)?"[^"]*"/g) ?? []);
  }

  /** Whether any of them can be compared strongly: what is weak, or without its quotes, names nothing. */
  get haveStrong(): boolean {
    return this.tags.some((tag) => !tag.startsWith('W/'));
  }

  matchesWeakly(etag: string): boolean {
    return this.tags.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag);
  }

  /** Compares strongly and by the resource's own part of the tag. */
  matchesResource(etag: string): boolean {
    const own = (tag: string): string => tag.replace(/\..*"$/, '"');
    return this.tags.some((tag) => tag === '*' || own(tag) === own(etag));
  }
}

/** What the caller demands of the present state by `If-Match`; without the header everything goes. */
export class Precondition {
  private readonly tags: EntityTags | null;

  constructor(ifMatch: string | undefined) {
    this.tags = ifMatch === undefined ? null : new EntityTags(ifMatch);
  }

  get given(): boolean {
    return this.tags !== null;
  }

  /** @throws PreconditionFailedError when `If-Match` was sent and does not name `etag`. */
  check(etag: string): void {
    if (!this.tags || this.tags.matchesResource(etag)) return;
    throw this.tags.haveStrong ? new PreconditionFailedError() : new PreconditionFailedError(NO_STRONG_TAG);
  }
}

/** Injects the request's `If-Match` as a `Precondition`. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): Precondition => {
  const header = context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];
  return new Precondition(header);
});

/**
 * Sets the ETag of the answer. For a GET whose `If-None-Match` names it the status becomes 304, and the result is
 * undefined: an answer without body.
 */
export function tagged<T>(request: FastifyRequest, reply: FastifyReply, body: T, etag: string): T | undefined {
  void reply.header('etag', etag);
  const header = request.headers['if-none-match'];
  const reading = request.method === 'GET' || request.method === 'HEAD';
  if (!reading || header === undefined || !new EntityTags(header).matchesWeakly(etag)) return body;
  void reply.status(304);
  return undefined;
}
