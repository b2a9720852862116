import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import type { UserId } from '../../../identity/user-id.js';
import { ConflictError } from '../../../platform/errors/platform.errors.js';
import { RunExecutor, WORKER_ID } from '../execution/run-executor.js';
import { RunResumption } from '../queue/run-resumption.js';
import { RunNotFoundError } from '../run.errors.js';
import { isFinal, type Run, type RunId } from '../run.types.js';
import { RunsRepository } from '../runs.repository.js';
import { RunCancellationsRepository } from './run-cancellations.repository.js';

/** How often a process looks whether runs that it works on are to be cancelled: the wish may have come to another one. */
const WATCH_MS = 500;
/** How long the end of a cancelled run is waited for, so that the answer can already tell of it. */
const END_PATIENCE_MS = 2000;

/** Cancels runs, in whichever process they are worked on. */
@Injectable()
export class RunCancellation implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> | null = null;

  constructor(
    private readonly cancellations: RunCancellationsRepository,
    private readonly runs: RunsRepository,
    private readonly executor: RunExecutor,
    private readonly resumption: RunResumption,
    private readonly logger: PinoLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.looking ??= this.look().finally(() => (this.looking = null));
    }, WATCH_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.looking;
  }

  /**
   * Ends a queued or running run: its call to Claude is given up, and what was seen of the answer is kept and priced.
   * @returns the run as it stands: cancelled, or about to be
   * @throws RunNotFoundError, ConflictError when it has finished already, or goes to Claude together with others
   */
  async cancel(owner: UserId, id: RunId): Promise<Run> {
    const asked = await this.cancellations.request(owner, id);
    if (asked?.status === 'queued') await this.resumption.drop(id);
    else if (asked?.workerId === WORKER_ID) await this.end(id);
    const run = await this.runs.find(owner, id);
    if (!run) throw new RunNotFoundError(id);
    const tooLate = isFinal(run.status) && run.status !== 'cancelled';
    if (!asked || tooLate) throw new ConflictError(whyNot(run));
    return run;
  }

  private async end(id: RunId): Promise<void> {
    this.executor.cancel(id);
    await Promise.race([this.executor.whenDone(id), sleep(END_PATIENCE_MS, undefined, { ref: false })]);
  }

  private async look(): Promise<void> {
    if (this.executor.heldRuns().length === 0) return;
    try {
      for (const id of await this.cancellations.findRequested(WORKER_ID)) this.executor.cancel(id);
    } catch (error) {
      this.logger.warn(
        { event: 'cancellation_error', err: error },
        'Cancellations could not be looked for; tried again',
      );
    }
  }
}

function whyNot({ id, status, batchId }: Run): string {
  const past = PAST[status];
  if (past !== undefined) return `Run ${id} has already ${past}`;
  return `Run ${id} goes to Claude together with the others of batch ${batchId}, which can only be cancelled as a whole`;
}

const PAST: Partial<Record<Run['status'], string>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'been cancelled',
  interrupted: 'been interrupted',
};
