import { newId } from '../http/reply.js';
import type { Json } from '../simulator.types.js';

const EXPIRES_AFTER_MS = 24 * 3_600_000;

export type BatchResultType = 'succeeded' | 'errored' | 'canceled' | 'expired';

export interface BatchRequest {
  custom_id: string;
  params: unknown;
}

/** One Message Batch: its requests until it ends, its result lines from then on. */
export class MessageBatch {
  readonly id = newId('msgbatch');
  readonly createdAt = new Date();
  cancelInitiatedAt: Date | null = null;
  endedAt: Date | null = null;
  archivedAt: Date | null = null;
  /** JSON lines in no promised order, once ended. */
  results = '';
  private requests: readonly BatchRequest[];
  private readonly lines: (string | undefined)[];
  private readonly total: number;
  private readonly counts = { succeeded: 0, errored: 0, canceled: 0, expired: 0 };
  /** Aborted when cancellation is asked for. */
  readonly cancelling = new AbortController();

  constructor(requests: readonly BatchRequest[]) {
    this.requests = requests;
    this.total = requests.length;
    this.lines = Array.from({ length: this.total });
  }

  get pending(): readonly BatchRequest[] {
    return this.requests;
  }

  /** Takes down the result of the request at `index`. */
  settle(index: number, type: BatchResultType, result: Json = {}): void {
    const custom_id = this.requests[index]?.custom_id;
    this.lines[index] = JSON.stringify({ custom_id, result: { type, ...result } });
    this.counts[type] += 1;
  }

  /** Ends the batch: what has no result by now was cancelled. */
  end(): void {
    this.requests.forEach((_, index) => {
      if (this.lines[index] === undefined) this.settle(index, 'canceled');
    });
    // Callers must match by custom_id: the odd ones first make those fail that rely on the order.
    const ordered = [1, 0].flatMap((rest) => this.lines.filter((_, index) => index % 2 === rest));
    this.results = ordered.map((line) => `${line}\n`).join('');
    this.requests = [];
    this.lines.length = 0;
    this.endedAt = new Date();
  }

  /** The batch as the API shows it. The counts stay at `processing` until it has ended, as documented. */
  toJson(baseUrl: string): Json {
    const ended = this.endedAt !== null;
    const nothingYet = { succeeded: 0, errored: 0, canceled: 0, expired: 0 };
    return {
      id: this.id,
      type: 'message_batch',
      processing_status: ended ? 'ended' : this.cancelInitiatedAt ? 'canceling' : 'in_progress',
      request_counts: ended ? { processing: 0, ...this.counts } : { processing: this.total, ...nothingYet },
      created_at: this.createdAt.toISOString(),
      expires_at: new Date(this.createdAt.getTime() + EXPIRES_AFTER_MS).toISOString(),
      ended_at: this.endedAt?.toISOString() ?? null,
      archived_at: this.archivedAt?.toISOString() ?? null,
      cancel_initiated_at: this.cancelInitiatedAt?.toISOString() ?? null,
      results_url: ended && !this.archivedAt ? `${baseUrl}/v1/messages/batches/${this.id}/results` : null,
    };
  }
}
