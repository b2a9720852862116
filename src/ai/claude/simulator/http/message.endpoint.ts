import { ApiError } from '../api-error.js';
import type { Failure, FaultPlan } from '../faults/fault-plan.js';
import type { SimulatedClaude } from '../simulated-claude.js';
import type { Message } from '../simulator.types.js';
import { errorFrame, messageFrames } from '../streaming/sse-frames.js';
import {
  framesUpTo,
  pause,
  playAll,
  playFrames,
  resetConnection,
  type BrokenEnding,
} from '../streaming/stream-player.js';
import { countInputTokens } from '../usage/tokens.js';
import { validateCountRequest, validateMessageRequest } from '../validation/message-request.validator.js';
import type { Reply } from './reply.js';

/** `POST /v1/messages` and `POST /v1/messages/count_tokens`. */
export class MessageEndpoint {
  constructor(private readonly claude: SimulatedClaude) {}

  /** Answers a message, streamed or whole, or as the request's directives want it. */
  async create(body: unknown, reply: Reply): Promise<void> {
    const request = validateMessageRequest(body);
    const plan = this.claude.planCall(request, 'messages');
    const stream = request.stream === true;
    // Counted from the request's head on: what has gone by since, also while its body came, is part of the wait.
    if (!(await pause((plan.firstTokenMs ?? this.claude.pace.firstTokenMs) - reply.ageMs, reply.closed))) return;
    if (plan.failure) return fail(plan.failure, stream, reply);
    const message = this.claude.answer(request, plan, 'standard');
    const deltaMs = plan.deltaMs ?? this.claude.pace.deltaMs;
    return stream ? sendStream(message, plan, deltaMs, reply) : sendWhole(message, plan, deltaMs, reply);
  }

  async countTokens(body: unknown, reply: Reply): Promise<void> {
    const request = validateCountRequest(body);
    const plan = this.claude.planCall(request, 'count_tokens');
    if (!(await pause(plan.firstTokenMs ?? 0, reply.closed))) return;
    if (plan.failure) return fail(plan.failure, false, reply);
    reply.json(200, { input_tokens: countInputTokens(request) });
  }
}

/** Sends a failure in place of an answer. `hang` sends nothing, and the connection stays open until somebody closes it. */
export function fail(failure: Failure, stream: boolean, reply: Reply): void {
  const type = stream ? 'text/event-stream; charset=utf-8' : 'application/json';
  switch (failure.kind) {
    case 'error':
      return reply.error(failure.error);
    case 'hang':
      return;
    case 'hang_headers':
      return reply.head(200, { 'content-type': type }).flushHeaders();
    case 'reset':
      reply.response.socket?.resetAndDestroy();
      return;
    case 'garbage':
      return reply.text(200, type, stream ? 'event: message_start\ndata: {"type":"message_st\n\n' : '{"id":"msg_');
    case 'html':
      return reply.text(502, 'text/html', '<html><head><title>502 Bad Gateway</title></head><body></body></html>');
    case 'expired':
      throw new ApiError(400, 'simulator: expired is for requests of a batch');
  }
}

async function sendStream(message: Message, plan: FaultPlan, deltaMs: number, reply: Reply): Promise<void> {
  const frames = messageFrames(message, plan.deltas);
  const response = reply.startStream();
  if (!plan.ending) return playAll(response, frames, deltaMs, reply.closed);
  await playFrames(response, framesUpTo(frames, plan.ending.afterDeltas), deltaMs, reply.closed);
  if (reply.closed.aborted) return;
  if (plan.streamError) response.write(errorFrame(plan.streamError.toBody(reply.requestId)).wire);
  await breakOff(plan.ending, reply);
}

/** A whole answer takes as long as its stream would, and breaks in its middle. */
async function sendWhole(message: Message, plan: FaultPlan, deltaMs: number, reply: Reply): Promise<void> {
  if (deltaMs > 0) {
    const deltas = messageFrames(message, plan.deltas).filter((frame) => frame.isText).length;
    if (!(await pause(deltaMs * (deltas - 1), reply.closed))) return;
  }
  if (!plan.ending) return reply.json(200, message);
  if (plan.streamError) return reply.error(plan.streamError);
  const body = JSON.stringify(message);
  reply.head(200, { 'content-type': 'application/json' }).write(body.slice(0, body.length / 2));
  await breakOff(plan.ending, reply);
}

async function breakOff(ending: BrokenEnding, reply: Reply): Promise<void> {
  if (ending.kind === 'hang') return;
  if (ending.kind === 'reset') return resetConnection(reply.response, reply.closed);
  reply.response.end();
}
