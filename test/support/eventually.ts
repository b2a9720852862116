import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 50;

/** Tries again until it succeeds; after `withinMs` it fails with the last error. */
export async function eventually<T>(work: () => Promise<T>, withinMs = 5000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
