import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MalformedRequestError, ValidationFailedError } from '../errors/platform.errors.js';
import { type FieldError, ResearchPlatformError } from '../errors/research-platform.error.js';

/** Bounds of one answer, in mistakes and in characters of their pointers: it must not grow larger than the body itself. */
const MAX_ERRORS = 20;
const MAX_POINTERS = 10_000;
const MAX_DEPTH = 64;

/** Escapes a key for use in a JSON Pointer (RFC 6901). */
export function pointerSegment(key: string | number): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The refusal of an empty body where an operation takes one. */
export function emptyBody(): MalformedRequestError {
  return new MalformedRequestError('The body is empty; send a JSON object');
}

/**
 * Parses a JSON body. PostgreSQL can store neither NUL nor a lone surrogate, and both can only come in by a `\u` escape, so
 * the walk over all texts is made only where the raw body has one (or names `__proto__`, or is nested suspiciously).
 * @throws MalformedRequestError when it is no JSON
 * @throws ValidationFailedError with a pointer to each text that cannot be stored
 */
export function parseJsonBody(raw: string): unknown {
  if (raw.trim() === '') throw emptyBody();
  let body: unknown;
  try {
    body = JSON.parse(raw);
  } catch {
    throw new MalformedRequestError('The body is not valid JSON');
  }
  if (raw.includes('\\u') || raw.includes('__proto__') || mayBeDeep(raw)) {
    const mistakes = new Mistakes();
    collectBadText(body, '', 0, mistakes);
    if (mistakes.errors.length > 0) throw new ValidationFailedError(mistakes.errors);
  }
  return body;
}

/** Whether there are more opening brackets than there may be levels. */
function mayBeDeep(raw: string): boolean {
  const count = (bracket: string): number => raw.split(bracket, MAX_DEPTH + 2).length - 1;
  return count('{') + count('[') > MAX_DEPTH;
}

/** What is wrong with a body, as far as it fits into an answer. */
class Mistakes {
  readonly errors: FieldError[] = [];
  private characters = 0;

  get full(): boolean {
    return this.errors.length >= MAX_ERRORS || this.characters > MAX_POINTERS;
  }

  add(pointer: string, detail: string): void {
    if (this.full) return;
    this.errors.push({ pointer, detail });
    this.characters += pointer.length;
  }
}

/** Why a text cannot be stored, or null when it can. */
export function badText(text: string): string | null {
  if (text.includes('\0')) return 'must not contain the NUL character';
  return text.isWellFormed() ? null : 'must not contain a lone surrogate';
}

function collectBadText(value: unknown, pointer: string, depth: number, mistakes: Mistakes): void {
  if (mistakes.full) return;
  if (typeof value === 'string') {
    const detail = badText(value);
    if (detail) mistakes.add(pointer, detail);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth >= MAX_DEPTH) return mistakes.add(pointer, `must not be nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    value.forEach((item, index) => collectBadText(item, `${pointer}/${index}`, depth + 1, mistakes));
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    const inner = `${pointer}/${pointerSegment(key).toWellFormed().replaceAll('\0', '\uFFFD')}`;
    const detail = key === '__proto__' ? 'is not a field that can be set' : badText(key);
    if (detail) mistakes.add(inner, detail);
    collectBadText(item, inner, depth + 1, mistakes);
  }
}

/** @throws ResearchPlatformError `unsupported-media-type` for a body that is not plain UTF-8 */
export function refuseOtherEncodings({ headers }: FastifyRequest): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1];
  const encoding = headers['content-encoding'];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw new ResearchPlatformError('unsupported-media-type', 'Send the body in UTF-8');
  }
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new ResearchPlatformError('unsupported-media-type', 'Send the body without a Content-Encoding');
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws MalformedRequestError when the bytes are no UTF-8 */
export function decodeUtf8(body: Buffer): string {
  try {
    return UTF8.decode(body);
  } catch {
    throw new MalformedRequestError('The body is not valid UTF-8');
  }
}

/** Gives the routes that name a `bodyLimit` in their config that limit, in bytes, instead of the general one. */
export function limitBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    const { bodyLimit } = (route.config ?? {}) as { bodyLimit?: number };
    if (bodyLimit !== undefined) route.bodyLimit = bodyLimit;
  });
}

/** Takes over body parsing: JSON by `parseJsonBody`, and no other content type. */
export function readJsonBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      // Many clients name a content type whether they send a body or not: see `UnknownInputInterceptor` for where one is missed.
      if (body.length === 0) return done(null, undefined);
      refuseOtherEncodings(request);
      done(null, parseJsonBody(decodeUtf8(body as Buffer)));
    } catch (error) {
      done(error as Error);
    }
  });
}
