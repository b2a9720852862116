import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MalformedRequestError, ValidationFailedError } from '../errors/platform.errors.js';
import { ResearchPlatformError } from '../errors/research-platform.error.js';
import { decodeUtf8, parseJsonBody, refuseOtherEncodings } from './json-body.js';
import { underPointer } from './validation/under-pointer.js';

/** Media type of JSON lines, as a body and as an answer. */
export const NDJSON = 'application/x-ndjson';

/** An operation that takes lines of JSON says so in its route's `config`. */
export interface NdjsonRoute {
  /** More lines than this are refused. */
  readonly maxLines: number;
  /** Where the lines stand in the JSON form of the body, for the pointers of mistakes. */
  readonly pointer: string;
}

/** A body of JSON lines: its values, in order. */
export class JsonLines {
  constructor(readonly values: readonly unknown[]) {}
}

/**
 * Reads bodies of JSON lines where a route takes them, line by line as they come, so that a large body is never one text.
 * Empty lines count for nothing.
 */
export function readNdjsonBodies(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(NDJSON, async (request: FastifyRequest, payload: IncomingMessage) => {
    const { ndjson } = request.routeOptions.config as { ndjson?: NdjsonRoute };
    if (!ndjson) {
      throw new ResearchPlatformError('unsupported-media-type', 'Send the body as Content-Type: application/json');
    }
    refuseOtherEncodings(request);
    return readLines(payload, ndjson, request.routeOptions.bodyLimit ?? Number.POSITIVE_INFINITY);
  });
}

/**
 * @param payload the bytes; they are read to their end even after a mistake, so that the answer can be sent
 * @param maxBytes more bytes than this are refused
 * @throws MalformedRequestError naming the line, ValidationFailedError with pointers to the lines, `payload-too-large`
 */
export function readLines(payload: IncomingMessage, route: NdjsonRoute, maxBytes: number): Promise<JsonLines> {
  const reader = new LineReader(route);
  let bytes = 0;
  return new Promise((resolve, reject) => {
    payload.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        const tooLarge = new ResearchPlatformError('payload-too-large', 'The body is larger than this operation takes');
        reader.refuse(tooLarge);
        reject(tooLarge);
      }
      reader.push(chunk);
    });
    payload.once('end', () => {
      reader.end();
      if (reader.mistake) reject(reader.mistake);
      else resolve(new JsonLines(reader.values));
    });
    // A connection that broke is not the database's, whatever its code says.
    const cut = (): void => reject(new MalformedRequestError('The body ended before it was whole'));
    payload.once('error', cut);
    payload.once('close', cut);
  });
}

const NEWLINE = 0x0a;

class LineReader {
  readonly values: unknown[] = [];
  mistake: Error | null = null;
  private line = 0;
  private rest: Buffer[] = [];

  constructor(private readonly route: NdjsonRoute) {}

  push(chunk: Buffer): void {
    if (this.mistake) return;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.take(Buffer.concat([...this.rest, chunk.subarray(start, end)]));
      this.rest = [];
      start = end + 1;
    }
    this.rest.push(chunk.subarray(start));
  }

  end(): void {
    this.take(Buffer.concat(this.rest));
    this.rest = [];
  }

  refuse(mistake: Error): void {
    this.mistake ??= mistake;
    this.values.length = 0;
    this.rest = [];
  }

  private take(bytes: Buffer): void {
    this.line += 1;
    if (this.mistake) return;
    try {
      const text = decodeUtf8(bytes);
      if (text.trim() === '') return;
      if (this.values.length >= this.route.maxLines) return this.refuse(this.tooMany());
      this.values.push(parseJsonBody(text));
    } catch (error) {
      this.refuse(this.placed(error as Error));
    }
  }

  private tooMany(): Error {
    const { maxLines, pointer } = this.route;
    return new ValidationFailedError([{ pointer, detail: `must have at most ${maxLines} lines` }]);
  }

  private placed(error: Error): Error {
    if (error instanceof MalformedRequestError) {
      return new MalformedRequestError(`Line ${this.line}: ${error.detail}`);
    }
    return underPointer(error, `${this.route.pointer}/${this.values.length}`);
  }
}
