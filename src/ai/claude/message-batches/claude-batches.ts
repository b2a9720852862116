import type Anthropic from '@anthropic-ai/sdk';
import { Injectable } from '@nestjs/common';
import { abortCauseOf, CallAborted, ClaudeApiError } from '../claude-failure.js';
import type { ClaudeRequest } from '../claude.types.js';
import { ClaudeConnection } from '../client/claude-connection.js';
import { toCreateParams } from '../client/create-params.js';
import { soundText, UnsoundAnswer } from '../client/upstream-values.js';
import { type BatchResult, toBatchResult } from './batch-results.js';
import { linesOf } from './lines.js';

const PATH = '/v1/messages/batches';
const MAX_ID = 200;
/** More characters than the longest answer has: a line that is longer is none. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const PAGE = 100;
const MAX_LISTED = 10_000;

/** One request of a Message Batch; its `customId` names it among the results (1..64 of letters, digits, `-`, `_`). */
export interface BatchedRequest {
  readonly customId: string;
  readonly request: ClaudeRequest;
}

/** A Message Batch as Claude tells of it. */
export interface MessageBatchView {
  readonly id: string;
  /** Whether every request has its result. */
  readonly ended: boolean;
  readonly createdAt: Date;
  /** Requests in all. */
  readonly requests: number;
}

/**
 * Claude's Message Batches: many requests at once, answered within a day at half the price. Each call is one attempt; who
 * calls decides on trying again. Every method throws ClaudeApiError, or CallAborted when `signal` ends it.
 */
@Injectable()
export class ClaudeBatches {
  constructor(private readonly connection: ClaudeConnection) {}

  /** Hands the requests to Claude and answers the id of their batch. */
  create(requests: readonly BatchedRequest[], signal: AbortSignal): Promise<string> {
    return this.calling(signal, async (sdk) => {
      const body = requests.map(({ customId, request }) => ({ custom_id: customId, params: toCreateParams(request) }));
      return viewOf(await sdk.messages.batches.create({ requests: body }, { signal })).id;
    });
  }

  /** A batch as it stands; null when Claude knows none of this id. */
  async find(id: string, signal: AbortSignal): Promise<MessageBatchView | null> {
    try {
      return await this.calling(signal, async (sdk) => viewOf(await sdk.messages.batches.retrieve(id, {}, { signal })));
    } catch (error) {
      if (error instanceof ClaudeApiError && error.statusCode === 404) return null;
      throw error;
    }
  }

  /** Asks for the batch to be cancelled; what is in the middle of its answer is still answered. */
  cancel(id: string, signal: AbortSignal): Promise<void> {
    return this.calling(signal, async (sdk) => void (await sdk.messages.batches.cancel(id, {}, { signal })));
  }

  /** The batches made at or after a time by Claude's clock, newest first. */
  createdSince(time: Date, signal: AbortSignal): Promise<MessageBatchView[]> {
    return this.calling(signal, async (sdk) => {
      const found: MessageBatchView[] = [];
      for await (const batch of sdk.messages.batches.list({ limit: PAGE }, { signal })) {
        const view = viewOf(batch);
        if (view.createdAt < time) break;
        // A list that is cut off would pass for a whole one.
        if (found.length === MAX_LISTED) throw new UnsoundAnswer('A list of batches without an end');
        found.push(view);
      }
      return found;
    });
  }

  /**
   * The results of a batch that has ended, in no promised order, as they come over the wire. A result that cannot be read
   * fails its own request alone. Throws ClaudeApiError with status code 404 when they are no longer to be had.
   */
  async *results(id: string, signal: AbortSignal): AsyncGenerator<BatchResult> {
    try {
      const { apiError } = await import('../client/sdk.js');
      const sdk = await this.connection.sdk();
      // By its path, and not by `results_url`: the key goes where this server was told to send it, and nowhere else.
      const path = `${PATH}/${encodeURIComponent(id)}/results`;
      const { body } = await sdk.get(path, { signal, stream: true }).asResponse();
      for await (const line of linesOf(body as unknown as AsyncIterable<Buffer>, MAX_LINE_BYTES)) {
        const result = await toBatchResult(line, async (status, error) =>
          this.connection.failure(apiError(status, error)),
        );
        if (result) yield result;
      }
    } catch (error) {
      throw await this.mapped(error, signal);
    }
  }

  private async calling<T>(signal: AbortSignal, act: (sdk: Anthropic) => Promise<T>): Promise<T> {
    try {
      return await act(await this.connection.sdk());
    } catch (error) {
      throw await this.mapped(error, signal);
    }
  }

  private async mapped(error: unknown, signal: AbortSignal): Promise<Error> {
    if (signal.aborted) return new CallAborted(abortCauseOf(signal), null);
    return this.connection.failure(error);
  }
}

/** @throws UnsoundAnswer for what cannot be a batch of Claude's */
function viewOf(batch: Anthropic.Messages.MessageBatch): MessageBatchView {
  const id = soundText(batch.id, MAX_ID);
  const createdAt = new Date(batch.created_at);
  if (id === null || Number.isNaN(createdAt.getTime())) throw new UnsoundAnswer('A batch without id or time');
  const counts = Object.values(batch.request_counts ?? {}) as unknown[];
  const requests = counts.reduce<number>((sum, count) => sum + (Number.isSafeInteger(count) ? Number(count) : 0), 0);
  return { id, ended: batch.processing_status === 'ended', createdAt, requests };
}
