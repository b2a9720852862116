/**
 * Work that is done again and again, never twice at a time: asked for while it is under way, it is done once more afterwards,
 * and so serves all who asked meanwhile.
 */
export class Lane {
  private running: Promise<void> | null = null;
  private wanted = false;

  /** @param work must not reject */
  constructor(private readonly work: () => Promise<void>) {}

  /** Asks for the work. */
  run(): void {
    this.wanted = true;
    this.running ??= this.loop();
  }

  /** Resolves when the work that was asked for is done. */
  async idle(): Promise<void> {
    await this.running;
  }

  private async loop(): Promise<void> {
    while (this.wanted) {
      this.wanted = false;
      await this.work();
    }
    // In the same breath as the last look: who asks now begins anew.
    this.running = null;
  }
}
