import { AsyncResource } from 'node:async_hooks';

/**
 * Work that is done again and again, at most `concurrency` times at once: asked for while all of these are under way, it is done
 * once more afterwards, and so serves all who asked meanwhile. It is done for all of them: so it belongs to whatever has made the
 * lane, and its log lines carry nothing of the request or run that happened to ask.
 */
export class Lane {
  private readonly loops = new Set<Promise<void>>();
  private readonly maker = new AsyncResource('Lane');
  private wanted = false;

  /**
   * @param work must not reject
   * @param concurrency how many times it may be under way at once
   */
  constructor(
    private readonly work: () => Promise<void>,
    private readonly concurrency = 1,
  ) {}

  /** Asks for the work. */
  run(): void {
    this.wanted = true;
    if (this.loops.size === this.concurrency) return;
    const loop = this.maker.runInAsyncScope(() => this.loop(() => this.loops.delete(loop)));
    this.loops.add(loop);
  }

  /** Resolves when the work that was asked for is done, also what was asked for meanwhile. */
  async idle(): Promise<void> {
    while (this.loops.size > 0) await Promise.all(this.loops);
  }

  private async loop(end: () => void): Promise<void> {
    while (this.wanted) {
      this.wanted = false;
      await this.work();
    }
    // In the same breath as the last look: who asks now begins anew.
    end();
  }
}
