import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Lane } from '../../../platform/concurrency/lane.js';
import { Config } from '../../../platform/config/config.js';
import { Lifecycle } from '../../../platform/health/lifecycle.js';
import { AbortReason } from '../../claude/claude-failure.js';
import { WORKER_ID } from '../../runs/execution/run-executor.js';
import { MessageBatchCourse } from './message-batch-course.js';
import type { MessageBatchId } from './message-batch.types.js';
import { MessageBatchesRepository } from './message-batches.repository.js';

/** Message Batches that one process works on at a time. */
const MAX_HELD = 16;
/** How often is looked for those that other processes have accepted or left. */
const MAX_IDLE_MS = 5000;
const MIN_IDLE_MS = 250;
const RENEW_MS = 10_000;

/** Works on Message Batches as they fall due, whichever process has accepted them. */
@Injectable()
export class MessageBatchWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly held = new Map<MessageBatchId, Promise<void>>();
  private readonly abortion = new AbortController();
  private renewTimer: NodeJS.Timeout | null = null;
  private timer: NodeJS.Timeout | null = null;
  private readonly looking = new Lane(() => this.look());
  private readonly renewing = new Lane(() => this.renew());
  private stopped = false;

  constructor(
    private readonly config: Config,
    private readonly messageBatches: MessageBatchesRepository,
    private readonly course: MessageBatchCourse,
    private readonly lifecycle: Lifecycle,
    private readonly logger: PinoLogger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // The embedded database has one process: whatever worked before this start is gone.
    if (this.config.database.url === undefined) await this.messageBatches.expireOthers(WORKER_ID);
    this.renewTimer = setInterval(() => this.renewing.run(), RENEW_MS);
    this.wake();
  }

  /** Looks at once for what is due: something has just been committed. */
  wake(): void {
    this.looking.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.looking.idle();
    if (this.timer) clearTimeout(this.timer);
    const all = Promise.all(this.held.values());
    await this.lifecycle.graceFor(all);
    this.abortion.abort(new AbortReason('shutdown'));
    await this.lifecycle.recordingOf(all);
    // Only now nothing is worked on any more: until then the leases hold.
    if (this.renewTimer) clearInterval(this.renewTimer);
    await this.renewing.idle();
  }

  private async look(): Promise<void> {
    if (this.stopped) return;
    let waitMs = MAX_IDLE_MS;
    try {
      await this.takeDue();
      // What ends here wakes it.
      if (this.held.size < MAX_HELD) waitMs = (await this.messageBatches.untilNextDue()) ?? MAX_IDLE_MS;
    } catch (error) {
      this.logger.warn({ event: 'message_batch_error', err: error }, 'Message Batches could not be looked for');
    }
    this.wakeIn(Math.min(MAX_IDLE_MS, Math.max(MIN_IDLE_MS, waitMs)));
  }

  private async takeDue(): Promise<void> {
    while (this.held.size < MAX_HELD && !this.stopped) {
      const taken = await this.messageBatches.take(WORKER_ID);
      if (!taken) return;
      const work: Promise<void> = this.course.advance(taken, this.abortion.signal).finally(() => {
        // It may have been lost, and taken once more.
        if (this.held.get(taken.id) === work) this.held.delete(taken.id);
        if (!this.stopped) this.wake();
      });
      this.held.set(taken.id, work);
    }
  }

  private wakeIn(waitMs: number): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = this.stopped ? null : setTimeout(() => this.wake(), waitMs);
  }

  private async renew(): Promise<void> {
    if (this.held.size === 0) return;
    try {
      await this.messageBatches.renew(WORKER_ID, [...this.held.keys()]);
    } catch (error) {
      this.logger.warn({ event: 'message_batch_error', err: error }, 'Message Batches could not be kept; tried again');
    }
  }
}
