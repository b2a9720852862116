import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { SharedLooks } from '../../platform/concurrency/shared-looks.js';
import { Lifecycle } from '../../platform/health/lifecycle.js';
import { formatEvent, HEARTBEAT } from '../../platform/http/sse.js';
import { everyRow } from '../../platform/paging/every-row.js';
import { RunExecutor } from '../runs/execution/run-executor.js';
import { BatchResultsRepository } from './batch-results.repository.js';
import { type BatchId, type BatchView, isOver } from './batch.types.js';
import { BatchesRepository } from './batches.repository.js';
import type { BatchResultResponse } from './dto/batch.dto.js';
import { toBatchResponse } from './dto/batch.response.js';

/** Results that a reader holds in memory at a time, however large the batch. */
const PAGE = 50;
/** How often a batch is looked at for those who wait for it, and for those who watch it. */
const WAIT_POLL_MS = 50;
const WATCH_POLL_MS = 250;
const HEARTBEAT_MS = 15_000;

/** Reads batches for those who wait for them or follow them. Any process may work on their runs, so all look at what is stored. */
@Injectable()
export class BatchReader {
  private readonly looks = new SharedLooks<BatchView>();

  constructor(
    private readonly batches: BatchesRepository,
    private readonly results: BatchResultsRepository,
    private readonly executor: RunExecutor,
    private readonly lifecycle: Lifecycle,
  ) {}

  /** Waits until the batch is over or the time is. */
  async wait(batch: BatchView, waitSeconds: number): Promise<BatchView> {
    const deadline = Date.now() + waitSeconds * 1000;
    let present = batch;
    while (!isOver(present.status) && Date.now() < deadline && !this.lifecycle.stopping) {
      await sleep(Math.min(WAIT_POLL_MS, Math.max(1, deadline - Date.now())));
      present = await this.batches.get(batch.userId, batch.id);
    }
    return present;
  }

  /** All results of a small batch, in input order. */
  async all(owner: UserId, id: BatchId): Promise<BatchResultResponse[]> {
    const found: BatchResultResponse[] = [];
    for await (const result of this.each(owner, id)) found.push(result);
    return found;
  }

  /** The results as JSON lines, in input order. @throws BatchNotFoundError */
  async lines(owner: UserId, id: BatchId): Promise<AsyncGenerator<string>> {
    await this.batches.get(owner, id);
    return toLines(this.each(owner, id));
  }

  /** The batch as SSE text each time that its counts have changed, until it is over. @throws BatchNotFoundError */
  async progress(owner: UserId, id: BatchId): Promise<AsyncGenerator<string>> {
    return this.changes(await this.batches.get(owner, id));
  }

  private each(owner: UserId, id: BatchId): AsyncGenerator<BatchResultResponse> {
    // A page is filled by bytes too: only an empty one is behind the last.
    return everyRow(1, (last) => this.results.findAfter(owner, id, last?.index ?? -1, PAGE));
  }

  private async *changes(first: BatchView): AsyncGenerator<string> {
    let told = '';
    let toldAt = Date.now();
    const look = () => this.batches.get(first.userId, first.id);
    let last = false;
    for (let batch = first; ; batch = await this.looks.next(`${first.id}`, WATCH_POLL_MS, look)) {
      const data = JSON.stringify(toBatchResponse(batch));
      const over = isOver(batch.status);
      if (data !== told) {
        yield formatEvent(endedOf(batch), over ? batch.status : 'progress', data);
        told = data;
        toldAt = Date.now();
      } else if (Date.now() - toldAt >= HEARTBEAT_MS) {
        yield HEARTBEAT;
        toldAt = Date.now();
      }
      if (over || last) return;
      // A shutdown waits for what runs here: once that has ended it is told, and what is left goes on elsewhere.
      last = this.lifecycle.stopping && this.executor.heldRuns().length === 0;
    }
  }
}

/** Events are numbered by how many queries have ended: who comes back is told how things stand now. */
function endedOf({ counts }: BatchView): number {
  return counts.total - counts.queued - counts.running;
}

async function* toLines(results: AsyncGenerator<BatchResultResponse>): AsyncGenerator<string> {
  for await (const result of results) yield `${JSON.stringify(result)}\n`;
}
