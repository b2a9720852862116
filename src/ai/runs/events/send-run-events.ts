import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { sendEventStream } from '../../../platform/http/sse.js';
import type { RunId } from '../run.types.js';

/** Answers with the events of a run, whichever operation they were asked by. */
export function sendRunEvents(reply: FastifyReply, id: RunId, events: AsyncGenerator<string>): Readable {
  return sendEventStream(reply, events, { event: 'run_events_broken_off', run_id: id });
}
