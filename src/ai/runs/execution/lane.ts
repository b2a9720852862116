/**
 * Work that is done again and again, at most so often at a time: asked for while all of it is under way, it is done once more
 * afterwards, and so serves all who asked meanwhile.
 */
export class Lane {
  private readonly loops = new Set<Promise<void>>();
  private wanted = false;

  /**
   * @param work must not reject
   * @param width how often it may be under way at a time
   */
  constructor(
    private readonly work: () => Promise<void>,
    private readonly width = 1,
  ) {}

  /** Asks for the work. */
  run(): void {
    this.wanted = true;
    if (this.loops.size === this.width) return;
    const loop = this.loop(() => this.loops.delete(loop));
    this.loops.add(loop);
  }

  /** Resolves when the work that was asked for is done. */
  async idle(): Promise<void> {
    await Promise.all(this.loops);
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
