import { setMaxListeners } from 'node:events';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** Whether the process is on its way out. */
@Injectable()
export class Lifecycle implements OnModuleDestroy {
  private readonly controller = new AbortController();

  constructor() {
    // As many as there is work under way: none of Node's ten means a leak.
    setMaxListeners(0, this.controller.signal);
  }

  get stopping(): boolean {
    return this.controller.signal.aborted;
  }

  /** Aborts when the shutdown begins. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  // The earliest of Nest's shutdown hooks: those who then wait for their work must find it set.
  onModuleDestroy(): void {
    this.controller.abort();
  }
}
