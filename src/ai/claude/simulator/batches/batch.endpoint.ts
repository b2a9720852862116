import { ApiError, invalidRequest } from '../api-error.js';
import type { FaultInjector } from '../faults/fault-injector.js';
import { fail } from '../http/message.endpoint.js';
import { page } from '../http/paging.js';
import type { Reply } from '../http/reply.js';
import type { Json } from '../simulator.types.js';
import { pause } from '../streaming/stream-player.js';
import { anObject, arrayOf, aString, fields } from '../validation/field-checks.js';
import type { BatchProcessor } from './batch.processor.js';
import { MessageBatch, type BatchRequest } from './message-batch.js';

const MAX_REQUESTS = 100_000;
const MAX_BATCHES = 1_000;
/** Characters of results kept in all; beyond, the oldest ended batch is archived, and its results are gone. */
const MAX_RESULT_CHARACTERS = 128 * 1024 * 1024;

const batchBody = fields(
  { requests: arrayOf(fields({ custom_id: aString, params: anObject }, ['custom_id', 'params'])) },
  ['requests'],
);

/** What validation does at once: the outer shape. What is wrong with the params of a request is that request's result. */
function validRequests(body: unknown): BatchRequest[] {
  batchBody(body, '');
  const { requests } = body as { requests: BatchRequest[] };
  if (requests.length === 0) throw invalidRequest('requests', 'List should have at least 1 item');
  if (requests.length > MAX_REQUESTS)
    throw invalidRequest('requests', `List should have at most ${MAX_REQUESTS} items`);
  const seen = new Set<string>();
  requests.forEach(({ custom_id: id }, index) => {
    const path = `requests.${index}.custom_id`;
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(id)) throw invalidRequest(path, "String should match '^[a-zA-Z0-9_-]{1,64}$'");
    if (seen.has(id)) throw invalidRequest(path, `'${id}' is used more than once`);
    seen.add(id);
  });
  return requests;
}

/** `/v1/messages/batches` and below. Batches live in memory and end with the server. */
export class BatchEndpoint {
  private readonly batches = new Map<string, MessageBatch>();

  constructor(
    private readonly processor: BatchProcessor,
    private readonly faults: FaultInjector | null,
    private readonly baseUrl: () => string,
  ) {}

  /** Starts a batch. A directive meant for it says `on=batches`, in whichever request it stands. */
  async create(body: unknown, reply: Reply): Promise<void> {
    const requests = validRequests(body);
    const plan = this.faults?.planCall(withStringsOf(requests), 'batches') ?? {};
    if (!(await pause(plan.firstTokenMs ?? 0, reply.closed))) return;
    if (plan.failure) return fail(plan.failure, false, reply);
    const batch = new MessageBatch(requests);
    this.batches.set(batch.id, batch);
    void this.processor.process(batch).then(() => this.forgetOldest());
    reply.json(200, batch.toJson(this.baseUrl()));
  }

  get(id: string): Json {
    return this.find(id).toJson(this.baseUrl());
  }

  list(query: URLSearchParams): Json {
    const newestFirst = [...this.batches.values()].reverse();
    return page(
      newestFirst.map((batch) => batch.toJson(this.baseUrl())),
      query,
    );
  }

  cancel(id: string): Json {
    const batch = this.find(id);
    if (batch.endedAt) throw new ApiError(400, `Batch ${id} has ended and cannot be canceled`);
    batch.cancelInitiatedAt ??= new Date();
    const json = batch.toJson(this.baseUrl());
    batch.cancelling.abort();
    return json;
  }

  delete(id: string): Json {
    if (!this.find(id).endedAt) throw new ApiError(400, `Batch ${id} is still processing; cancel it first`);
    this.batches.delete(id);
    return { id, type: 'message_batch_deleted' };
  }

  /** The results as JSON lines. */
  results(id: string): string {
    const batch = this.find(id);
    if (!batch.endedAt) throw new ApiError(400, `Batch ${id} has no results yet: it is still processing`);
    if (batch.archivedAt) throw new ApiError(404, `The results of batch ${id} are no longer available`);
    return batch.results;
  }

  /** Stops all processing. */
  close(): void {
    for (const batch of this.batches.values()) batch.cancelling.abort();
    this.batches.clear();
  }

  private find(id: string): MessageBatch {
    const batch = this.batches.get(id);
    if (!batch) throw new ApiError(404, `Message Batch ${id} not found`);
    return batch;
  }

  private forgetOldest(): void {
    const ended = [...this.batches.values()].filter((batch) => batch.endedAt);
    let characters = ended.reduce((sum, batch) => sum + batch.results.length, 0);
    for (const batch of ended) {
      if (this.batches.size > MAX_BATCHES) this.batches.delete(batch.id);
      else if (characters <= MAX_RESULT_CHARACTERS) return;
      characters -= batch.results.length;
      batch.archivedAt ??= new Date();
      batch.results = '';
    }
  }
}

/** The directives among all strings of the requests, unescaped as in a message. */
function withStringsOf(value: unknown): string {
  if (typeof value === 'string') return value.includes('[[sim') ? value : '';
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).map(withStringsOf).filter(Boolean).join('\n');
}
