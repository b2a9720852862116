import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** How long work that is under way gets once a shutdown has begun, and how long it has then to be recorded. */
const GRACE_MS = 20_000;
const RECORD_GRACE_MS = 5000;

/** Whether the process is on its way out, and how long that may take: the same time for all, however many wait one after another. */
@Injectable()
export class Lifecycle implements OnModuleDestroy {
  private readonly controller = new AbortController();
  private stoppedAt = 0;

  constructor() {
    // As many as wait for something that a shutdown ends: that is no leak.
    setMaxListeners(0, this.controller.signal);
  }

  get stopping(): boolean {
    return this.controller.signal.aborted;
  }

  /** Aborts when the shutdown begins. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Resolves when the work has ended, or the time is up that a shutdown leaves to work under way. */
  async graceFor(work: Promise<unknown>): Promise<void> {
    await this.until(work, GRACE_MS);
  }

  /** Resolves when the work has ended, or the time is up in which work that was given up is to be recorded. */
  async recordingOf(work: Promise<unknown>): Promise<void> {
    await this.until(work, GRACE_MS + RECORD_GRACE_MS);
  }

  // The earliest of Nest's shutdown hooks: those who then wait for their work must find it set.
  onModuleDestroy(): void {
    this.stoppedAt = Date.now();
    this.controller.abort();
  }

  private async until(work: Promise<unknown>, afterMs: number): Promise<void> {
    const left = Math.max(0, this.stoppedAt + afterMs - Date.now());
    await Promise.race([work, sleep(left, undefined, { ref: false })]);
  }
}
