import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Looks at something that others change, again and again after a pause. Who waits for the same waits together, and one look serves
 * them all: a thousand readers ask the database no more often than one.
 */
export class SharedLooks<T> {
  private readonly coming = new Map<string, Promise<T>>();

  /** @param pauseMs from one look to the next */
  constructor(private readonly pauseMs: number) {}

  /**
   * The next look, within the pause.
   * @param key what is looked at
   * @param look used when nobody waits for this already
   * @throws what the look throws
   */
  next(key: string, look: () => Promise<T>): Promise<T> {
    const known = this.coming.get(key);
    if (known) return known;
    const coming = sleep(this.pauseMs)
      .then(look)
      .finally(() => this.coming.delete(key));
    this.coming.set(key, coming);
    return coming;
  }
}
