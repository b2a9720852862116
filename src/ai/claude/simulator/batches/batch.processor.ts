import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApiError } from '../api-error.js';
import type { FaultPlan } from '../faults/fault-plan.js';
import { newId } from '../http/reply.js';
import type { SimulatedClaude } from '../simulated-claude.js';
import type { Message } from '../simulator.types.js';
import { pause } from '../streaming/stream-player.js';
import { validateMessageRequest } from '../validation/message-request.validator.js';
import type { MessageBatch } from './message-batch.js';

/** Requests answered before the process gets a turn for something else. */
const SLICE = 50;

type Outcome = { message: Message; waitMs: number } | { error: ApiError } | 'expired' | 'hang';

/** Works through batches beside everything else that the process does. */
export class BatchProcessor {
  constructor(private readonly claude: SimulatedClaude) {}

  /** Answers every request of the batch and ends it. Slow requests hold the end back, hanging ones until it is cancelled. */
  async process(batch: MessageBatch): Promise<void> {
    const cancelled = batch.cancelling.signal;
    const late: { index: number; message: Message }[] = [];
    let waitMs = this.claude.pace.firstTokenMs;
    let hangs = false;
    for (const [index, request] of batch.pending.entries()) {
      if (index % SLICE === 0) await nextTurn();
      if (cancelled.aborted) break;
      const outcome = this.answer(request.params);
      if (outcome === 'hang') hangs = true;
      else if (outcome === 'expired') batch.settle(index, 'expired');
      else if ('error' in outcome) batch.settle(index, 'errored', { error: outcome.error.toBody(newId('req')) });
      else if (outcome.waitMs === 0) batch.settle(index, 'succeeded', { message: outcome.message });
      else {
        waitMs = Math.max(waitMs, outcome.waitMs);
        late.push({ index, message: outcome.message });
      }
    }
    if (await pause(waitMs, cancelled)) {
      for (const { index, message } of late) batch.settle(index, 'succeeded', { message });
    }
    if (hangs && !cancelled.aborted) await once(cancelled, 'abort');
    batch.end();
  }

  private answer(params: unknown): Outcome {
    try {
      const request = validateMessageRequest(params);
      if (request.stream) throw new ApiError(400, 'stream: batches cannot be streamed');
      const plan = this.claude.planCall(request, 'messages');
      if (plan.failure || plan.ending) return failureOf(plan);
      return { message: this.claude.answer(request, plan, 'batch'), waitMs: plan.firstTokenMs ?? 0 };
    } catch (error) {
      if (error instanceof ApiError) return { error };
      return { error: new ApiError(500, error instanceof Error ? error.message : 'Internal server error') };
    }
  }
}

/** In a batch there is no connection to break: what would break it is an error of the request. */
function failureOf({ failure, ending, streamError }: FaultPlan): Outcome {
  if (failure?.kind === 'error') return { error: failure.error };
  if (failure?.kind === 'expired') return 'expired';
  if (failure?.kind === 'hang' || failure?.kind === 'hang_headers' || ending?.kind === 'hang') return 'hang';
  return { error: streamError ?? new ApiError(500, 'Internal server error') };
}
