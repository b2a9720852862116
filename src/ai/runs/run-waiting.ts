import type { LiveRun } from './events/live-run.js';
import { RunFailedError } from './run.errors.js';
import { isFinal, type Run } from './run.types.js';

/**
 * Waits for a run as long as the caller wants to.
 * @param waitSeconds null: as long as it takes
 * @returns the run as it stands: finished, or still under way when the time is over
 * @throws RunFailedError when it ended without an answer, RunUnrecordedError
 */
export async function waitForRun(live: LiveRun, waitSeconds: number | null): Promise<Run> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Run>((resolve) => {
    if (waitSeconds !== null) timer = setTimeout(() => resolve(live.run), waitSeconds * 1000);
  });
  try {
    return answered(await Promise.race([live.whenSettled(), timeout]));
  } finally {
    clearTimeout(timer);
  }
}

/** @throws RunFailedError when the run has ended without an answer */
export function answered(run: Run): Run {
  if (!isFinal(run.status) || run.status === 'succeeded' || !run.error) return run;
  const { slug, detail, ...extras } = run.error;
  throw new RunFailedError(slug, detail, run.id, extras);
}
