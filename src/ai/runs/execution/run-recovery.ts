import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import type { ClaudeAnswer } from '../../claude/claude.types.js';
import { CallAborted } from '../../claude/claude-failure.js';
import { RunEventsRepository } from '../events/run-events.repository.js';
import { WORKER_ID } from './run-executor.js';
import { RunLeasesRepository } from './run-leases.repository.js';
import { RunQueue } from './run-queue.js';
import { RunSession } from './run-session.js';
import { RunStores } from './run-stores.js';
import { countRun } from './run.metrics.js';
import type { Run, RunId } from '../run.types.js';
import { RunsRepository } from '../runs.repository.js';

/** Decides what becomes of a run whose worker is lost. */
@Injectable()
export class RunRecovery {
  constructor(
    private readonly transaction: Transaction,
    private readonly leases: RunLeasesRepository,
    private readonly runs: RunsRepository,
    private readonly events: RunEventsRepository,
    private readonly stores: RunStores,
    private readonly queue: RunQueue,
  ) {}

  /**
   * What was never sent is queued again; what was sent is interrupted, with what was seen of the answer kept and its
   * billing unknown: it is never sent again by itself. The new fence shuts the old worker out, should it wake up.
   */
  async recover(id: RunId): Promise<void> {
    const claim = await this.leases.takeOver(id, WORKER_ID);
    const run = claim && (await this.runs.findForWorker(id));
    if (!run) return;
    if (run.attempts.at(-1)?.state === 'intent') return this.queueAgain(id);
    await this.interrupt(run, claim.fence);
  }

  private async queueAgain(id: RunId): Promise<void> {
    await this.transaction.run(async () => {
      await this.leases.giveBack(id);
      await this.queue.requeue(id);
    });
  }

  private async interrupt(run: Run, fence: number): Promise<void> {
    const { text, last } = await this.events.findText(run.id);
    const session = new RunSession(run, { runId: run.id, workerId: WORKER_ID, fence }, this.stores, [], last);
    const attempt = run.attempts.at(-1);
    await session.finish({
      number: attempt?.number ?? 0,
      durationMs: Date.now() - (attempt?.startedAt ?? run.createdAt).getTime(),
      answer: null,
      usage: null,
      earlier: null,
      failure: new CallAborted('fenced', text === '' ? null : storedAnswer(text)),
    });
    this.stores.log.ended(session.live.run);
    countRun(session.live.run);
  }
}

/** The part of an answer that was stored before its worker was lost. */
function storedAnswer(text: string): ClaudeAnswer {
  return { text, content: [{ type: 'text', text }], sources: [], stopReason: null, usage: null, requestId: null };
}
