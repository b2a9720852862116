import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { ApiError } from '../api-error.js';
import type { LoggedCall } from '../faults/call-log.js';
import type { RateLimits } from './rate-limits.js';

/** Made once: a reason of its own for each abort would cost more than the rest of an answer's bookkeeping. */
const CLIENT_GONE = new Error('the connection is closed');

/** An id as the API gives them: a prefix and unguessable characters. */
export function newId(prefix: string): string {
  return `${prefix}_sim${randomUUID().replaceAll('-', '')}`;
}

/** The answer to one request: whatever it is, it carries a request id and the rate limit headers. */
export class Reply {
  readonly requestId = newId('req');
  private readonly begunAt = performance.now();
  /** Aborted when the client has gone away or the answer is complete. */
  readonly closed: AbortSignal;
  /** The log's entry of this call, where calls are logged. */
  call: LoggedCall | undefined;

  constructor(
    readonly response: ServerResponse,
    private readonly limits: RateLimits,
  ) {
    const controller = new AbortController();
    response.once('close', () => controller.abort(CLIENT_GONE));
    response.once('finish', () => {
      if (this.call) this.call.ended = true;
    });
    // A write that races with the client's leaving fails; `close`, which follows, is what is acted upon.
    response.on('error', () => undefined);
    this.closed = controller.signal;
  }

  /** Time since the request came, in milliseconds. */
  get ageMs(): number {
    return performance.now() - this.begunAt;
  }

  /** Writes the status line and headers. */
  head(status: number, headers: Readonly<Record<string, string | number>>): ServerResponse {
    if (this.call) this.call.status = status;
    return this.response.writeHead(status, { 'request-id': this.requestId, ...this.limits.headers(), ...headers });
  }

  json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.text(status, 'application/json', JSON.stringify(body), headers);
  }

  text(status: number, type: string, body: string, headers: Readonly<Record<string, string>> = {}): void {
    const all = { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers };
    this.head(status, all).end(body);
  }

  error(error: ApiError): void {
    this.json(error.status, error.toBody(this.requestId), error.headers);
  }

  startStream(): ServerResponse {
    return this.head(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  }
}
