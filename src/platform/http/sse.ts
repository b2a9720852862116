import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { reported, type StreamLog } from './broken-off.js';

/** Media type of an event stream. */
export const EVENT_STREAM = 'text/event-stream';

/** A comment that keeps proxies from closing a silent stream. */
export const HEARTBEAT = ': ping\n\n';

/** One server-sent event; `data` is a JSON text, which holds no line break. */
export function formatEvent(id: number, name: string, data: string): string {
  return `id: ${id}\nevent: ${name}\ndata: ${data}\n\n`;
}

/** Whether the caller asks for an event stream by `Accept`. */
export function wantsEventStream(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return type === EVENT_STREAM && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

/**
 * Answers with an event stream. What is read from `events` follows the client's pace; when it goes away, the generator's
 * `finally` runs. What the generator throws breaks the connection.
 * @param log what the operator is told then
 */
export function sendEventStream(reply: FastifyReply, events: AsyncGenerator<string>, log: StreamLog): Readable {
  void reply.headers({
    'content-type': `${EVENT_STREAM}; charset=utf-8`,
    'cache-control': 'no-store',
    // Asks a proxy such as nginx to pass each event on at once.
    'x-accel-buffering': 'no',
  });
  return Readable.from(reported(events, log), { objectMode: false });
}
