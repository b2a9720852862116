import { Injectable } from '@nestjs/common';
import type { ClaudeAnswer } from '../../claude/claude.types.js';
import { type AbortCause, CallAborted } from '../../claude/claude-failure.js';
import { RunEventsRepository } from '../events/run-events.repository.js';
import type { Hold } from '../ledger/run-ledger.repository.js';
import type { Run } from '../run.types.js';
import { countRun } from './run.metrics.js';
import { RunSession } from './run-session.js';
import { RunStores } from './run-stores.js';

/** Ends runs that nobody works on: cancelled while they were queued, or forsaken by a worker that is lost. */
@Injectable()
export class RunEnding {
  constructor(
    private readonly events: RunEventsRepository,
    private readonly stores: RunStores,
  ) {}

  /**
   * Records the end of a run, with what is stored of its answer.
   * @param hold under which this process has taken the run
   * @throws AbortReason when it is another worker's by now
   */
  async end(run: Run, hold: Hold, cause: AbortCause): Promise<void> {
    const { text, last } = await this.events.findText(run.id);
    const session = new RunSession(run, hold, this.stores, [], last);
    const attempt = run.attempts.at(-1);
    await session.finish({
      number: attempt?.number ?? 0,
      durationMs: Date.now() - (attempt?.startedAt ?? run.createdAt).getTime(),
      answer: null,
      usage: null,
      earlier: null,
      // What is cancelled here was never sent: of a run that was, its worker sees the wish, or is lost.
      failure: new CallAborted(cause, text === '' ? null : storedAnswer(text), null, cause !== 'cancelled'),
    });
    this.stores.log.ended(session.live.run);
    countRun(session.live.run);
  }
}

/** The part of an answer that was stored before its worker was lost. */
function storedAnswer(text: string): ClaudeAnswer {
  return { text, content: [{ type: 'text', text }], sources: [], stopReason: null, usage: null, requestId: null };
}
