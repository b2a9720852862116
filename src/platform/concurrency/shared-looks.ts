import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Looks at something that others change, again and again after a pause. Who waits for the same waits together, and one look serves
 * them all: a thousand readers ask the database no more often than one.
 */
export class SharedLooks<T> {
  private readonly coming = new Map<string, Promise<T>>();

  /**
   * The next look.
   * @param key what is looked at
   * @param pauseMs how long it can wait; with 0 it is now, together with those alone who cannot wait either
   * @param look used when nobody waits so long for this already
   * @throws what the look throws
   */
  next(key: string, pauseMs: number, look: () => Promise<T>): Promise<T> {
    const wait = `${key} ${pauseMs}`;
    const known = this.coming.get(wait);
    if (known) return known;
    const coming = (pauseMs === 0 ? look() : sleep(pauseMs).then(look)).finally(() => this.coming.delete(wait));
    this.coming.set(wait, coming);
    return coming;
  }
}
