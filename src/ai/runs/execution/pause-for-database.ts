import { setTimeout as sleep } from 'node:timers/promises';

/** The first pause, and the longest. */
const FIRST_MS = 500;
const MAX_MS = 2000;

/** The pause before the database is asked once more for what it could not do, or may have done unheard. */
export function pauseForDatabase(tries: number): Promise<void> {
  return sleep(Math.min(MAX_MS, FIRST_MS * 2 ** tries));
}
